//! `oauth`: who signs users in, by OpenID Connect (contract: interfaces, section 10; runtime, section 3).

use serde_json::Value;

use super::url::Url;
use super::{Bag, Context, Interface, Outcome, Provided, Reads, Relation, Request, SecretRequest};

/// An identity provider: hydra and what speaks like it.
#[derive(Clone, Copy, Debug)]
pub struct OAuth;

const NO_INGRESS: &str = "Ingress relation is required for OIDC to work correctly!";
const NO_OPENID: &str =
    "The 'openid' scope is required for OAuth integration, please add it to the scopes.";

/// What the app is told of the provider: the variable's last part, the fact's name, and the provider's key.
const ADDRESSES: [(&str, &str, &str); 5] = [
    ("API_BASE_URL", "issuer-uri", "issuer_url"),
    (
        "AUTHORIZE_URL",
        "authorization-uri",
        "authorization_endpoint",
    ),
    ("ACCESS_TOKEN_URL", "token-uri", "token_endpoint"),
    ("USER_URL", "user-info-uri", "userinfo_endpoint"),
    ("JWKS_URL", "jwk-set-uri", "jwks_endpoint"),
];

/// What the endpoint's options say.
struct Settings {
    scopes: String,
    user_name_attribute: String,
    /// Absent where the option makes no URL.
    redirect_uri: Option<String>,
}

impl Settings {
    fn of(context: &Context<'_>, endpoint: &str) -> Self {
        let option = |name: &str, default: &str| {
            let value = context.config.get(&format!("{endpoint}-{name}"));
            let text = value.and_then(Value::as_str).map(str::trim);
            // What is not set, the peer takes for the word `None` (known defect 31).
            let text = text.filter(|text| !text.is_empty());
            text.unwrap_or(default).to_owned()
        };
        let inside = || format!("http://{}.{}:{}", context.app, context.model, context.port);
        let base = context.outside_url.map_or_else(inside, str::to_owned);
        let path = option("redirect-path", "/callback");
        let redirect_uri = format!(
            "{}/{}",
            base.trim_end_matches('/'),
            path.trim_start_matches('/')
        );
        Self {
            scopes: option("scopes", "openid profile email"),
            user_name_attribute: option("user-name-attribute", "sub"),
            redirect_uri: Url::parse(&redirect_uri).map(|url| url.text),
        }
    }

    fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scopes.split_whitespace()
    }
}

impl Interface for OAuth {
    fn reads(&self) -> Reads {
        Reads {
            remote_app: true,
            local_app: true,
            ..Reads::default()
        }
    }

    fn secrets(&self, relation: &Relation) -> Vec<SecretRequest> {
        let uri = value(&relation.remote_app, "client_secret_id");
        let request = uri.map(|uri| SecretRequest { uri, label: None });
        request.into_iter().collect()
    }

    fn request(&self, context: &Context<'_>, relation: &Relation) -> Request {
        let settings = Settings::of(context, &relation.endpoint);
        let mut request = Request::default();
        for (key, value) in [
            ("audience", "[]"),
            ("grant_types", r#"["authorization_code"]"#),
            ("scope", &settings.scopes),
            ("token_endpoint_auth_method", "client_secret_basic"),
        ] {
            request.app.insert(key.into(), value.into());
        }
        if let Some(url) = settings.redirect_uri {
            request.app.insert("redirect_uri".into(), url);
        }
        request
    }

    fn outcome(&self, context: &Context<'_>, relation: &Relation) -> Outcome {
        let (bag, endpoint) = (&relation.remote_app, relation.endpoint.as_str());
        let secret = value(bag, "client_secret_id").and_then(|uri| relation.secrets.get(&uri));
        let (Some(id), Some(secret)) = (value(bag, "client_id"), secret) else {
            let provider = &relation.remote_application;
            return Outcome::Blocked(format!("Please check {provider} charm!"));
        };
        let Some(secret) = secret.get("secret").filter(|secret| !secret.is_empty()) else {
            return Outcome::Invalid("its client's secret has no `secret`".into());
        };
        let mut addresses = Vec::new();
        for (variable, fact, key) in ADDRESSES {
            let Some(address) = value(bag, key) else {
                return Outcome::Invalid(format!("it has no `{key}`"));
            };
            addresses.push((variable, fact, address));
        }
        if context.outside_url.is_none() {
            return Outcome::Blocked(NO_INGRESS.into());
        }
        let settings = Settings::of(context, endpoint);
        if !settings.scopes().any(|scope| scope == "openid") {
            return Outcome::Misconfigured(NO_OPENID.into());
        }
        let Some(redirect_uri) = &settings.redirect_uri else {
            let status = format!("the option {endpoint}-redirect-path makes no URL");
            return Outcome::Misconfigured(status);
        };

        let mut provided = Provided::default();
        let kwargs = format!(r#"{{"scope": {}}}"#, Value::from(settings.scopes.as_str()));
        let mut told = vec![
            ("CLIENT_ID", id.clone()),
            ("CLIENT_KWARGS", kwargs),
            ("CLIENT_SECRET", secret.clone()),
        ];
        for (variable, fact, address) in addresses {
            provided.facts.insert(fact.into(), address.clone());
            told.push((variable, address));
        }
        // Both names, since a shell has no variables with `-` (decision 30).
        let upper = endpoint.to_uppercase();
        for name in [upper.replace('-', "_"), upper] {
            for (part, value) in &told {
                let variable = format!("{}{name}_{part}", context.user_prefix);
                provided.variables.insert(variable, value.clone());
            }
        }
        let scopes: Vec<&str> = settings.scopes().collect();
        for (fact, value) in [
            ("client-id", id),
            ("client-secret", secret.clone()),
            ("redirect-uri", redirect_uri.clone()),
            ("scopes", scopes.join(",")),
            ("user-name-attribute", settings.user_name_attribute),
        ] {
            provided.facts.insert(fact.into(), value);
        }
        Outcome::Ready(provided)
    }
}

/// A value of the provider's. It is a text, whatever it looks like (known defect 9); one that was written as JSON loses
/// its quotes.
fn value(bag: &Bag, key: &str) -> Option<String> {
    let text = bag.get(key)?.trim();
    let text = serde_json::from_str(text).unwrap_or_else(|_| text.to_owned());
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests;
