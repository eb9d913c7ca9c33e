package com.example.visitors;

import java.net.InetAddress;
import java.net.UnknownHostException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Profile;
import org.springframework.core.env.Environment;
import org.springframework.core.env.Profiles;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/** Leaves a sign of life in the database. */
@Component
@EnableScheduling
@Profile("worker | scheduler")
class Ticker {

    private static final Logger log = LoggerFactory.getLogger(Ticker.class);

    private final JdbcClient database;
    private final String service;
    private final String host;

    Ticker(JdbcClient database, Environment environment) throws UnknownHostException {
        this.database = database;
        this.service = environment.acceptsProfiles(Profiles.of("worker")) ? "worker" : "scheduler";
        this.host = InetAddress.getLocalHost().getHostName();
    }

    @Scheduled(fixedRate = 500)
    void tick() {
        try {
            database.sql("insert into ticks (service, host, at) values (?, ?, current_timestamp)")
                    .params(service, host)
                    .update();
        } catch (DataAccessException e) {
            log.warn("cannot tick, trying again: {}", e.getMostSpecificCause().getMessage());
        }
    }
}
