package com.example.visitors;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.http.MediaType;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;

@RestController
class VisitorsController {

    private final JdbcClient database;
    private final String greeting;
    private final String secretKey;

    VisitorsController(JdbcClient database, @Value("${app.greeting:Hello}") String greeting,
            @Value("${app.secret-key:}") String secretKey) {
        this.database = database;
        this.greeting = greeting;
        this.secretKey = secretKey;
    }

    @GetMapping(path = "/", produces = MediaType.TEXT_PLAIN_VALUE)
    String greet() {
        return greeting + ", world!";
    }

    @GetMapping(path = "/health", produces = MediaType.TEXT_PLAIN_VALUE)
    String health() {
        return "ok";
    }

    @GetMapping(path = "/visitors", produces = MediaType.TEXT_PLAIN_VALUE)
    String visit(@RequestHeader(name = "User-Agent", defaultValue = "") String agent) {
        database.sql("insert into visitors (at, agent) values (current_timestamp, left(?, 255))")
                .param(agent)
                .update();
        return database.sql("select count(*) from visitors").query(Long.class).single().toString();
    }

    @GetMapping("/ticks")
    Map<String, List<String>> ticks() {
        return Map.of("scheduler", hosts("scheduler"), "worker", hosts("worker"));
    }

    private List<String> hosts(String service) {
        return database.sql("""
                select distinct host from ticks
                where service = ? and at > current_timestamp - interval '10' second
                order by host""").param(service).query(String.class).list();
    }

    @GetMapping(path = "/key", produces = MediaType.TEXT_PLAIN_VALUE)
    String key() throws NoSuchAlgorithmException {
        byte[] hash = MessageDigest.getInstance("SHA-256").digest(secretKey.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(hash);
    }

    @GetMapping(path = "/version", produces = MediaType.TEXT_PLAIN_VALUE)
    String version() {
        database.sql("select agent from visitors limit 1").query(String.class).list();
        return "2";
    }
}
