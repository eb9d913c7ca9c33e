//! What an integration is to an app.

use crate::framework::Framework;
use crate::model::Model;

/// An endpoint of the apps, the application behind it, and what there is to see of them.
pub struct Integration {
    /// The app's endpoint.
    pub endpoint: &'static str,
    /// Its interface, when the app's charm is to have it; some endpoints all charms have.
    pub interface: Option<&'static str>,
    /// The application of the local model.
    pub application: &'static str,
    /// Its endpoint.
    pub provides: &'static str,
    /// Some of what it brings into the app's environment; `X_` is `FLASK_`, `DJANGO_` or `APP_`.
    pub variables: &'static [&'static str],
    /// What it also brings for Spring Boot.
    pub properties: &'static [&'static str],
    /// Method and path of a request that is answered 503 without it.
    pub request: Option<(&'static str, &'static str)>,
    /// Has the app use it.
    pub works: fn(&Model),
}

impl Integration {
    /// The names that its variables have for this framework.
    pub fn names(&self, framework: &Framework) -> Vec<String> {
        let prefix = framework
            .secret_variable
            .strip_suffix("SECRET_KEY")
            .unwrap();
        let own = (framework.name == "spring-boot").then_some(self.properties);
        let all = self.variables.iter().chain(own.into_iter().flatten());
        all.map(|name| match name.strip_prefix("X_") {
            Some(rest) => format!("{prefix}{rest}"),
            None => (*name).into(),
        })
        .collect()
    }
}
