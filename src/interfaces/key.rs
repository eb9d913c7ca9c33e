//! One key that a provider may tell, and what its value must be.

use serde::Deserialize;

use super::url::Url;

/// A key of a row.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Key {
    /// Whether it is not ready without.
    pub needed: bool,
    /// In whose bag it is.
    pub of: Of,
    /// Where it holds the URI of a Juju secret: the keys of that which are values, as far as the bags have none of the
    /// name. Of the data platform's `secret-GROUP`, the label is `ENDPOINT.RELATION.GROUP.secret`.
    pub secret: Vec<String>,
    /// What it is when the provider does not say.
    pub default: Option<String>,
    /// The least number that it may be.
    pub minimum: Option<i64>,
    /// The greatest number that it may be.
    pub maximum: Option<i64>,
    /// All that it may be.
    pub one_of: Vec<String>,
    /// What kind of text it is.
    pub is: Option<Kind>,
}

/// In whose bag a key is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Of {
    /// The provider's application.
    #[default]
    App,
    /// The provider's unit of the lowest number that has all keys that are needed of units.
    LowestUnit,
    /// All units that have all keys that are needed of units: a comma list, by number.
    EveryUnit,
}

/// A kind of text.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `True` or `False`, which it then is, in any spelling that the peer takes.
    Boolean,
    /// An e-mail address.
    Email,
    /// An `http` or `https` URL.
    HttpUrl,
    /// A JSON list of texts.
    JsonList,
}

impl Key {
    /// The value as the app gets it.
    ///
    /// # Errors
    /// What it must be, without the value.
    pub fn check(&self, value: &str) -> Result<String, String> {
        let mut value = value.to_owned();
        if self.minimum.is_some() || self.maximum.is_some() {
            let (least, most) = (
                self.minimum.unwrap_or(i64::MIN),
                self.maximum.unwrap_or(i64::MAX),
            );
            let number: Option<i64> = value.trim().parse().ok();
            let number = number.filter(|number| (least..=most).contains(number));
            let number = number.ok_or_else(|| match (self.minimum, self.maximum) {
                (Some(least), None) => format!("a whole number from {least} on"),
                (None, _) => format!("a whole number up to {most}"),
                (Some(least), Some(_)) => format!("a whole number from {least} to {most}"),
            })?;
            value = number.to_string();
        }
        if !self.one_of.is_empty() && !self.one_of.contains(&value) {
            return Err(format!("one of `{}`", self.one_of.join("`, `")));
        }
        match self.is {
            None => Ok(value),
            Some(kind) => kind.check(value),
        }
    }
}

impl Kind {
    fn check(self, value: String) -> Result<String, String> {
        let (fits, kind) = match self {
            Self::Boolean => match value.trim().to_lowercase().as_str() {
                "1" | "on" | "t" | "true" | "y" | "yes" => return Ok("True".into()),
                "0" | "off" | "f" | "false" | "n" | "no" => return Ok("False".into()),
                _ => (false, "`True` or `False`"),
            },
            Self::Email => (is_email(&value), "an e-mail address"),
            Self::HttpUrl => {
                let url = Url::parse(&value);
                let is_http =
                    url.is_some_and(|url| matches!(url.scheme.as_str(), "http" | "https"));
                (is_http, "an http or https URL")
            }
            Self::JsonList => {
                let list = serde_json::from_str::<Vec<String>>(&value);
                (list.is_ok(), "a JSON list of texts")
            }
        };
        if fits { Ok(value) } else { Err(kind.into()) }
    }
}

/// Something at a domain: more is for the mail server to judge.
fn is_email(text: &str) -> bool {
    let odd = |c: char| c.is_control() || c.is_whitespace();
    text.rsplit_once('@').is_some_and(|(user, domain)| {
        !user.is_empty()
            && !text.contains(odd)
            && domain.split('.').all(|label| !label.is_empty())
            && !domain.contains('@')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        crate::yaml::from_str(text).unwrap()
    }

    #[test]
    fn a_value_is_taken_or_it_is_told_what_it_must_be() {
        for (written, value, taken) in [
            ("{}", "any thing", Ok("any thing")),
            ("{minimum: 1, maximum: 9}", "9", Ok("9")),
            ("{minimum: 1, maximum: 9}", " 07 ", Ok("7")),
            (
                "{minimum: 1, maximum: 9}",
                "10",
                Err("a whole number from 1 to 9"),
            ),
            ("{minimum: 0}", "x", Err("a whole number from 0 on")),
            ("{maximum: 9}", "1e99", Err("a whole number up to 9")),
            ("{one-of: [a, b]}", "b", Ok("b")),
            ("{one-of: [a, b]}", "c", Err("one of `a`, `b`")),
            ("{is: boolean}", "yes", Ok("True")),
            ("{is: boolean}", "FALSE", Ok("False")),
            ("{is: boolean}", "2", Err("`True` or `False`")),
            ("{is: email}", "a@b.example", Ok("a@b.example")),
            ("{is: email}", "a@", Err("an e-mail address")),
            ("{is: email}", "a b@c", Err("an e-mail address")),
            ("{is: http-url}", "https://h/x", Ok("https://h/x")),
            ("{is: http-url}", "ftp://h", Err("an http or https URL")),
            ("{is: json-list}", r#"["a"]"#, Ok(r#"["a"]"#)),
            ("{is: json-list}", "[1]", Err("a JSON list of texts")),
            ("{is: json-list}", "null", Err("a JSON list of texts")),
        ] {
            let (taken, of) = (taken.map(str::to_owned), key(written).check(value));
            assert_eq!(of, taken.map_err(str::to_owned), "{written} {value}");
        }
    }
}
