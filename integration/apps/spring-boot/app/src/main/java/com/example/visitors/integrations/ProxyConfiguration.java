package com.example.visitors.integrations;

import java.io.IOException;
import java.net.Authenticator;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.List;

import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.http.client.JdkClientHttpRequestFactory;
import org.springframework.util.StringUtils;
import org.springframework.web.client.RestClient;
import org.springframework.web.util.UriUtils;

import static java.nio.charset.StandardCharsets.UTF_8;

/** A client that goes through the proxy of the variables, of which Java's own knows nothing. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnProperty("http_proxy")
class ProxyConfiguration {

    @Bean
    RestClient proxied(RestClient.Builder builder, Environment environment) {
        // Java sends no password to a proxy for HTTPS unless it is told to.
        System.setProperty("jdk.http.auth.tunneling.disabledSchemes", "");
        HttpClient client = HttpClient.newBuilder()
                .proxy(new FromVariables(environment))
                .authenticator(new WithUser(environment))
                .connectTimeout(Duration.ofSeconds(10))
                .build();
        return builder.requestFactory(new JdkClientHttpRequestFactory(client)).build();
    }

    private static URI proxy(Environment environment, String scheme) {
        String proxy = environment.getProperty(scheme + "_proxy");
        return StringUtils.hasText(proxy) ? URI.create(proxy) : null;
    }

    private static class FromVariables extends ProxySelector {

        private final Environment environment;
        private final String[] direct;

        FromVariables(Environment environment) {
            this.environment = environment;
            this.direct = StringUtils.tokenizeToStringArray(environment.getProperty("no_proxy", ""), ",");
        }

        @Override
        public List<Proxy> select(URI url) {
            URI proxy = proxy(environment, url.getScheme());
            for (String host : direct) {
                if (("." + url.getHost()).endsWith(host.startsWith(".") ? host : "." + host)) {
                    proxy = null;
                }
            }
            return List.of(proxy == null
                    ? Proxy.NO_PROXY
                    : new Proxy(Proxy.Type.HTTP, new InetSocketAddress(proxy.getHost(), proxy.getPort())));
        }

        @Override
        public void connectFailed(URI url, SocketAddress proxy, IOException e) {
            // The request fails with it.
        }
    }

    private static class WithUser extends Authenticator {

        private final Environment environment;

        WithUser(Environment environment) {
            this.environment = environment;
        }

        @Override
        protected PasswordAuthentication getPasswordAuthentication() {
            URI proxy = proxy(environment, getRequestingURL().getProtocol());
            if (getRequestorType() != RequestorType.PROXY || proxy == null || proxy.getRawUserInfo() == null) {
                return null;
            }
            String[] user = proxy.getRawUserInfo().split(":", 2);
            return new PasswordAuthentication(UriUtils.decode(user[0], UTF_8),
                    UriUtils.decode(user.length == 1 ? "" : user[1], UTF_8).toCharArray());
        }
    }
}
