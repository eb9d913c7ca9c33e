//! Hides secrets in values for people: whole values of what is secret, and what is secret within others.

use crate::interfaces::url::percent_decode;
use crate::runtime::environment::{Assignment, Origin};
use crate::runtime::mask::{Mask, is_secret_key, tells};
use crate::runtime::observation::Observation;

/// What stands for a secret.
const HIDDEN: &str = "***";

/// What is secret in one environment.
#[derive(Clone, Debug, Default)]
pub struct Veil {
    mask: Mask,
    /// Variables that are secret as a whole.
    whole: Vec<String>,
}

impl Veil {
    pub(super) fn of(observation: &Observation, list: &[Assignment]) -> Self {
        let whole: Vec<&Assignment> = list
            .iter()
            .filter(|set| {
                let of_secret = matches!(
                    set.origin,
                    Origin::OptionSecret { .. } | Origin::PeerSecret { .. }
                );
                of_secret || tells(&set.name)
            })
            .collect();
        let contents = observation
            .relations
            .iter()
            .flat_map(|it| it.secrets.values());
        let contents = contents
            .flatten()
            .filter(|(key, value)| is_secret_key(key) && !value.contains("://"))
            .map(|(_, value)| value.clone());
        let in_urls = list.iter().flat_map(|set| passwords(&set.value));
        let values: Vec<String> = whole
            .iter()
            .map(|set| set.value.clone())
            .chain(contents)
            .chain(in_urls)
            .collect();
        Self {
            mask: Mask::of_values(values.iter().map(String::as_str)),
            whole: whole.iter().map(|set| set.name.clone()).collect(),
        }
    }

    /// A variable's value, for everybody to see.
    #[must_use]
    pub fn hide(&self, name: &str, value: &str) -> String {
        if value.is_empty() {
            return String::new();
        }
        if self.whole.iter().any(|secret| secret == name) {
            return HIDDEN.to_owned();
        }
        let hidden = self.mask.hide(value);
        match hidden.rsplit_once('@') {
            // The part of a URL that has its credentials.
            Some((_, host)) if name.ends_with("NETLOC") => format!("{HIDDEN}@{host}"),
            _ => queries(&hidden),
        }
    }
}

/// The passwords of all URLs in a value, as they are written and as they are meant.
fn passwords(value: &str) -> Vec<String> {
    let mut passwords = Vec::new();
    for after in value.split("://").skip(1) {
        let end = after.find(['/', '?', '#', ' ', '"']).unwrap_or(after.len());
        let netloc = after.get(..end).unwrap_or_default();
        if let Some((user, _)) = netloc.rsplit_once('@')
            && let Some((_, password)) = user.split_once(':')
        {
            passwords.push(password.to_owned());
            passwords.push(percent_decode(password));
        }
    }
    passwords
}

/// `a=b&password=c` loses `c`.
fn queries(text: &str) -> String {
    if !text.contains('=') {
        return text.to_owned();
    }
    let mut hidden = String::with_capacity(text.len());
    for (at, pair) in text.split_inclusive(['&', '?', ';']).enumerate() {
        let (body, end) = match pair.char_indices().next_back() {
            Some((last, '&' | '?' | ';')) => pair.split_at(last),
            _ => (pair, ""),
        };
        match body.split_once('=') {
            Some((key, _)) if tells(key) && (at > 0 || !key.contains(' ')) => {
                hidden.push_str(key);
                hidden.push('=');
                hidden.push_str(HIDDEN);
            }
            _ => hidden.push_str(body),
        }
        hidden.push_str(end);
    }
    hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_queries_are_hidden_and_the_rest_stays() {
        for (text, hidden) in [
            (
                "sslmode=verify-full&password=x",
                "sslmode=verify-full&password=***",
            ),
            (
                "jdbc:x://h/d?user=u&token=t&a=b",
                "jdbc:x://h/d?user=u&token=***&a=b",
            ),
            ("x=1", "x=1"),
            ("no pairs", "no pairs"),
            ("ends=1&", "ends=1&"),
        ] {
            assert_eq!(queries(text), hidden, "{text}");
        }
    }

    #[test]
    fn passwords_are_found_in_all_urls_of_a_value() {
        assert_eq!(
            passwords("amqp://u:p%40@h:1/%2F,amqp://u:q@[::1]"),
            ["p%40", "p@", "q", "q"]
        );
        assert_eq!(passwords("http://h/a@b:c"), Vec::<String>::new());
    }
}
