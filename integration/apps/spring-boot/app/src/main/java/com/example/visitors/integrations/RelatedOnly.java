package com.example.visitors.integrations;

import org.springframework.boot.autoconfigure.AutoConfigurationImportFilter;
import org.springframework.boot.autoconfigure.AutoConfigurationMetadata;
import org.springframework.context.EnvironmentAware;
import org.springframework.core.env.Environment;

/**
 * Keeps Spring Boot from configuring what is not integrated: it would look for servers on localhost, ask for a login
 * on every path, and take time and memory. META-INF/spring.factories names this class.
 */
class RelatedOnly implements AutoConfigurationImportFilter, EnvironmentAware {

    private Environment environment;

    @Override
    public void setEnvironment(Environment environment) {
        this.environment = environment;
    }

    @Override
    public boolean[] match(String[] autoConfigurations, AutoConfigurationMetadata metadata) {
        boolean[] matches = new boolean[autoConfigurations.length];
        for (int i = 0; i < matches.length; i++) {
            // Null is one that another filter has taken out.
            matches[i] = autoConfigurations[i] == null || Integration.allows(autoConfigurations[i], environment);
        }
        return matches;
    }
}
