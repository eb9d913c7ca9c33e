package com.example.visitors.integrations;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;

import org.springframework.amqp.core.AmqpAdmin;
import org.springframework.amqp.core.AmqpTemplate;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.Queue;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.mail.MailSender;
import org.springframework.mail.SimpleMailMessage;
import org.springframework.security.oauth2.client.authentication.OAuth2AuthenticationToken;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.client.RestClient;
import org.springframework.web.servlet.view.RedirectView;

import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;

/** What the app does with integrations other than its database. Bodies are text in UTF-8, whatever clients call it. */
@RestController
class IntegrationsController {

    private static final Queue QUEUE = new Queue("visitors");

    private final ObjectProvider<StringRedisTemplate> cache;
    private final ObjectProvider<S3Client> objects;
    private final ObjectProvider<AmqpAdmin> queues;
    private final ObjectProvider<AmqpTemplate> messages;
    private final ObjectProvider<MailSender> mails;
    private final ObjectProvider<ClientRegistrationRepository> logins;
    private final ObjectProvider<RestClient> proxied;
    private final String bucket;

    IntegrationsController(ObjectProvider<StringRedisTemplate> cache, ObjectProvider<S3Client> objects,
            ObjectProvider<AmqpAdmin> queues, ObjectProvider<AmqpTemplate> messages, ObjectProvider<MailSender> mails,
            ObjectProvider<ClientRegistrationRepository> logins, ObjectProvider<RestClient> proxied,
            @Value("${spring.cloud.aws.s3.bucket:}") String bucket) {
        this.cache = cache;
        this.objects = objects;
        this.queues = queues;
        this.messages = messages;
        this.mails = mails;
        this.logins = logins;
        this.proxied = proxied;
        this.bucket = bucket;
    }

    @PutMapping("/cache/{key}")
    String putIntoCache(@PathVariable String key, InputStream body) throws IOException {
        needed(cache, Integration.CACHE).opsForValue().set(key, text(body));
        return "stored";
    }

    @GetMapping("/cache/{key}")
    ResponseEntity<String> getFromCache(@PathVariable String key) {
        String value = needed(cache, Integration.CACHE).opsForValue().get(key);
        return value == null ? ResponseEntity.notFound().build() : ResponseEntity.ok(value);
    }

    @PutMapping("/objects/{name}")
    String putObject(@PathVariable String name, InputStream body) throws IOException {
        needed(objects, Integration.OBJECTS).putObject(to -> to.bucket(bucket).key(name),
                RequestBody.fromString(text(body)));
        return "stored";
    }

    @GetMapping("/objects/{name}")
    String getObject(@PathVariable String name) {
        return needed(objects, Integration.OBJECTS).getObjectAsBytes(from -> from.bucket(bucket).key(name))
                .asUtf8String();
    }

    @PostMapping("/messages")
    String publish(InputStream body) throws IOException {
        needed(queues, Integration.MESSAGES).declareQueue(QUEUE);
        needed(messages, Integration.MESSAGES).convertAndSend(QUEUE.getName(), text(body));
        return "queued";
    }

    @GetMapping("/messages")
    ResponseEntity<String> consume() {
        needed(queues, Integration.MESSAGES).declareQueue(QUEUE);
        Message message = needed(messages, Integration.MESSAGES).receive(QUEUE.getName());
        return message == null
                ? ResponseEntity.noContent().build()
                : ResponseEntity.ok(new String(message.getBody(), StandardCharsets.UTF_8));
    }

    @PostMapping("/mail")
    String sendMail(InputStream body, @RequestParam String to) throws IOException {
        SimpleMailMessage message = new SimpleMailMessage();
        message.setSubject("From spring-boot-visitors");
        message.setFrom("spring-boot-visitors@example.com");
        message.setTo(to);
        message.setText(text(body));
        needed(mails, Integration.MAIL).send(message);
        return "sent";
    }

    @GetMapping("/login")
    RedirectView login() {
        needed(logins, Integration.LOGIN);
        return new RedirectView("/oauth2/authorization/oidc", true);
    }

    @GetMapping("/me")
    ResponseEntity<String> me(OAuth2AuthenticationToken login) {
        return login == null
                ? ResponseEntity.status(401).build()
                : ResponseEntity.ok(login.getPrincipal().getAttribute("email"));
    }

    @GetMapping("/through")
    String through(@RequestParam URI url) {
        return needed(proxied, Integration.PROXY).get().uri(url).retrieve().body(String.class);
    }

    private static <T> T needed(ObjectProvider<T> client, Integration integration) {
        T it = client.getIfAvailable();
        if (it == null) {
            throw new NotIntegrated(integration);
        }
        return it;
    }

    private static String text(InputStream body) throws IOException {
        return new String(body.readAllBytes(), StandardCharsets.UTF_8);
    }

    @ExceptionHandler
    ResponseEntity<String> isMissing(NotIntegrated missing) {
        return ResponseEntity.status(503).contentType(MediaType.TEXT_PLAIN).body(missing.getMessage());
    }

    private static class NotIntegrated extends RuntimeException {

        NotIntegrated(Integration integration) {
            super(integration.missing());
        }
    }
}
