package com.example.visitors;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.NestedExceptionUtils;

/** Serves HTTP; with one of the profiles worker, scheduler and migrate it does that instead. */
@SpringBootApplication
public class VisitorsApplication {

    public static void main(String[] args) {
        SpringApplication application = new SpringApplication(VisitorsApplication.class);
        application.addInitializers(VisitorsApplication::requireDatabase);
        try {
            application.run(args);
        } catch (RuntimeException e) {
            // The last line of the output is the one that an operator sees first.
            System.err.println("cannot start: " + NestedExceptionUtils.getMostSpecificCause(e).getMessage());
            System.exit(1);
        }
    }

    private static void requireDatabase(ConfigurableApplicationContext context) {
        if (!context.getEnvironment().containsProperty("spring.datasource.url")) {
            System.err.println("spring.datasource.url is not set: the app needs a database, PostgreSQL or MySQL");
            System.exit(1);
        }
    }
}
