//! Text that others wrote, made fit for a status or a log: no secrets, one line, not too long.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::last_words::last_words;
use super::observation::Observation;
use crate::interfaces::Bag;
use crate::interfaces::url::{Url, percent_decode, percent_encode};

/// No longer than this, in characters: a status is shown in one column.
const LIMIT: usize = 200;

/// Nothing shorter is hidden, in bytes.
const LEAST: usize = 3;

/// Nothing shorter is looked for in base64, in bytes: its few characters may stand for anything.
const LEAST_ENCODED: usize = 6;

/// Whether a key of a provider's secret is secret itself.
pub(crate) fn is_secret_key(key: &str) -> bool {
    !matches!(key, "tls" | "tls-ca" | "username")
}

/// Whether a variable's name, or a parameter's, tells that its value is secret as a whole.
pub(crate) fn tells(name: &str) -> bool {
    const TELLING: &[&str] = &["CREDENTIAL", "KEY", "PASSW", "PRIVATE", "SECRET", "TOKEN"];
    // The server is no key, and a file with a secret in it is none.
    let name = name.to_uppercase().replace("VALKEY", "");
    TELLING.iter().any(|part| name.contains(part)) && !name.ends_with("LOCATION")
}

/// Hides values of variables that may be secret.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Mask {
    /// Longest first, so that a part of a longer secret does not spoil it.
    secrets: Vec<String>,
}

/// How a secret may be written in what others print.
fn forms(value: &str) -> Vec<String> {
    let mut forms = vec![
        value.to_owned(),
        percent_encode(value),
        percent_decode(value),
    ];
    let json = serde_json::Value::from(value).to_string();
    forms.push(json.trim_matches('"').to_owned());
    if value.len() >= LEAST_ENCODED {
        for before in 0..3 {
            forms.extend(inside_base64(value, before));
        }
    }
    forms.retain(|form| form.len() >= LEAST);
    forms
}

/// The characters that stand for nothing but the value where it is encoded behind others, of both alphabets.
fn inside_base64(value: &str, before: usize) -> [String; 2] {
    let bytes: Vec<u8> = std::iter::repeat_n(0, before)
        .chain(value.bytes())
        .collect();
    let whole = bytes.len() * 8 / 6;
    let of_others = (before * 8).div_ceil(6);
    [STANDARD_NO_PAD, URL_SAFE_NO_PAD].map(|alphabet| {
        let text = alphabet.encode(&bytes);
        text.get(of_others..whole).unwrap_or_default().to_owned()
    })
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Mask").finish_non_exhaustive()
    }
}

impl Mask {
    /// A mask for all that an environment may hold of secrets.
    #[must_use]
    pub fn of(environment: &Bag) -> Self {
        const CARRIERS: &[&str] = &["CONNECT_STRING", "NETLOC", "PROXY", "URI", "URL"];
        const HARMLESS: &[&str] = &["_BASE_URL", "_URL_SCHEME", "NO_PROXY"];
        let is_secret = |name: &str| {
            let upper = name.to_uppercase();
            let carries = CARRIERS.iter().any(|part| upper.contains(part))
                && !HARMLESS.iter().any(|end| upper.ends_with(end));
            carries || tells(name)
        };
        let values = environment
            .iter()
            .filter(|(name, _)| is_secret(name))
            .map(|(_, value)| value.as_str());
        // An app may tell the password of a proxy alone.
        let passwords: Vec<String> = values
            .clone()
            .filter_map(|value| Url::parse(value)?.password)
            .collect();
        Self::of_values(values.chain(passwords.iter().map(String::as_str)))
    }

    /// The same, and all that was read of secrets, whatever the variables are called that it has become.
    #[must_use]
    pub fn with_secrets(environment: &Bag, observation: &Observation) -> Self {
        let mut mask = Self::of(environment);
        let of_options = observation.config_secrets.values().flatten();
        let of_options = of_options.flat_map(Bag::values);
        let relations = observation.relations.iter();
        let of_relations = relations
            .flat_map(|relation| relation.secrets.values().flatten())
            .filter(|(key, _)| is_secret_key(key))
            .map(|(_, value)| value);
        let values = of_options.chain(of_relations).map(String::as_str);
        mask.secrets.extend(Self::of_values(values).secrets);
        mask.sort();
        mask
    }

    /// A mask for values.
    pub fn of_values<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let mut mask = Self {
            secrets: values
                .filter(|value| value.len() >= LEAST)
                .flat_map(forms)
                .collect(),
        };
        mask.sort();
        mask
    }

    fn sort(&mut self) {
        self.secrets
            .sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        self.secrets.dedup();
    }

    /// The text with secrets hidden, also credentials in URLs that no variable had.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        let mut hidden = text.to_owned();
        for secret in &self.secrets {
            if hidden.contains(secret.as_str()) {
                hidden = hidden.replace(secret.as_str(), "***");
            }
        }
        hide_credentials(&hidden)
    }

    /// The line that says why something failed, hidden and shortened; empty when there is none.
    #[must_use]
    pub fn last_line(&self, output: &[u8]) -> String {
        let text = String::from_utf8_lossy(output);
        let line = last_words(&text);
        let printable: String = line.chars().filter(|c| !c.is_control()).collect();
        let hidden = self.hide(&printable);
        if hidden.chars().count() <= LIMIT {
            return hidden;
        }
        hidden.chars().take(LIMIT - 1).chain(['…']).collect()
    }
}

/// `scheme://user:password@host` loses its password.
fn hide_credentials(text: &str) -> String {
    let mut hidden = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        hidden.push_str(before);
        let end = after
            .find(|c: char| c.is_whitespace() || "/'\"?#".contains(c))
            .unwrap_or(after.len());
        let (netloc, tail) = after.split_at(end);
        match netloc.rsplit_once('@') {
            Some((_, host)) => {
                hidden.push_str("***@");
                hidden.push_str(host);
            }
            None => hidden.push_str(netloc),
        }
        rest = tail;
    }
    hidden.push_str(rest);
    hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask() -> Mask {
        let environment: Bag = [
            ("POSTGRESQL_DB_PASSWORD", "p@ss/w"),
            ("APP_SECRET_KEY", "abcdefgh"),
            ("APP_GREETING", "Hello"),
            ("VALKEY_DB_PASSWORD", "valpass"),
            ("VALKEY_VERSION", "7.0.15"),
            ("APP_BASE_URL", "http://web.demo:8080"),
            ("http_proxy", "http://u:hunter%402@squid:3128"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        Mask::of(&environment)
    }

    #[test]
    fn secrets_are_hidden_in_every_form() {
        let hidden = mask().hide("a p@ss/w b p%40ss%2Fw c abcdefgh d Hello http://web.demo:8080/x");
        assert_eq!(hidden, "a *** b *** c *** d Hello http://web.demo:8080/x");
    }

    #[test]
    fn the_name_of_a_server_makes_no_secret() {
        let hidden = mask().hide("Java 17.0.15 with valpass");
        assert_eq!(hidden, "Java 17.0.15 with ***");
    }

    #[test]
    fn secrets_are_hidden_in_json_and_in_base64_wherever_they_begin() {
        let mask = Mask::of_values(["a\"b\\c\nd", "correct horse"].into_iter());
        assert_eq!(mask.hide(r#"{"x": "a\"b\\c\nd"}"#), r#"{"x": "***"}"#);
        for (before, encoded) in [
            ("", "Y29ycmVjdCBob3JzZQ=="),
            ("u:", "dTpjb3JyZWN0IGhvcnNl"),
            ("me:", "bWU6Y29ycmVjdCBob3JzZQ=="),
            ("x", "eGNvcnJlY3QgaG9yc2U="),
        ] {
            let hidden = mask.hide(encoded);
            assert!(
                hidden.contains("***") && hidden.len() < 12,
                "{before}: {hidden}"
            );
        }
    }

    #[test]
    fn the_password_of_a_url_is_hidden_alone_too() {
        assert_eq!(mask().hide("hunter@2 u squid"), "*** u squid");
    }

    #[test]
    fn credentials_in_urls_are_hidden_even_when_unknown() {
        assert_eq!(
            mask().hide("cannot reach postgresql://u:hunter2@db:5432/x!"),
            "cannot reach postgresql://***@db:5432/x!"
        );
        assert_eq!(mask().hide("mail me@example.com"), "mail me@example.com");
    }

    #[test]
    fn the_last_line_is_one_line_of_text_whatever_came() {
        assert_eq!(
            mask().last_line(b"first\n\nboom abcdefgh\x1b[0m\n  \n"),
            "boom ***[0m"
        );
        assert_eq!(mask().last_line(b"\xff\xfe bad"), "\u{fffd}\u{fffd} bad");
        assert_eq!(mask().last_line(b"\n \n"), "");
        assert_eq!(
            mask().last_line("ä".repeat(500).as_bytes()).chars().count(),
            200
        );
    }
}
