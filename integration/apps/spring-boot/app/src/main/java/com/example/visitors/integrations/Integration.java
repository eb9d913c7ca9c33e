package com.example.visitors.integrations;

import java.util.Arrays;
import java.util.List;

import org.springframework.core.env.Environment;
import org.springframework.util.StringUtils;

/** What the charm may be integrated with, other than the database: each is there when its property is. */
enum Integration {

    CACHE("redis or valkey", "spring.data.redis.host", "data", "netty", "reactor", "redis"),
    LOGIN("oidc", "spring.security.oauth2.client.registration.oidc.client-id", "security"),
    MAIL("smtp", "spring.mail.host", "mail"),
    MESSAGES("rabbitmq", "spring.rabbitmq.host", "amqp"),
    OBJECTS("s3", "spring.cloud.aws.s3.bucket", "awspring"),
    PROXY("http-proxy", "http_proxy"),
    SPANS("tracing", "OTEL_EXPORTER_OTLP_ENDPOINT", "logging", "opentelemetry", "tracing");

    private final String title;
    private final String property;
    /** Each auto-configuration with one of these in its package is for this integration only. */
    private final List<String> packages;

    Integration(String title, String property, String... packages) {
        this.title = title;
        this.property = property;
        this.packages = List.of(packages);
    }

    /** Whether Spring Boot may configure this: all that it is for is there. */
    static boolean allows(String autoConfiguration, Environment environment) {
        List<String> names = List.of(autoConfiguration.split("\\."));
        return Arrays.stream(values())
                .filter(integration -> integration.packages.stream().anyMatch(names::contains))
                .allMatch(integration -> integration.isIn(environment));
    }

    /** Whether it is there, for a process that serves HTTP: migrations and ticks need the database only. */
    private boolean isIn(Environment environment) {
        return StringUtils.hasText(environment.getProperty(property))
                && !"none".equals(environment.getProperty("spring.main.web-application-type"));
    }

    /** What a request is told that needs it. */
    String missing() {
        return "no " + title + " integration: " + property + " is not set";
    }
}
