//! The user's values with what the extension adds, by the peer's rules.

use super::falsy;
use crate::yaml::{Mapping, Value};

/// The order in which the peer prints keys; others follow.
const ORDER: &[&str] = &[
    "name",
    "title",
    "version",
    "summary",
    "description",
    "base",
    "build-base",
    "platforms",
    "contact",
    "issues",
    "source-code",
    "website",
    "links",
    "license",
    "parts",
    "type",
    "charm-libs",
    "actions",
    "analysis",
    "assumes",
    "charm-user",
    "containers",
    "devices",
    "extra-bindings",
    "peers",
    "provides",
    "requires",
    "resources",
    "storage",
    "subordinate",
    "terms",
    "config",
];

/// In the peer's order.
pub(super) fn ordered(mut mapping: Mapping) -> Mapping {
    let mut ordered: Mapping = ORDER
        .iter()
        .filter_map(|key| {
            mapping
                .shift_remove(key)
                .map(|value| ((*key).into(), value))
        })
        .collect();
    ordered.extend(mapping);
    ordered
}

/// Adds to the user's values what they do not have.
pub(super) fn merge(users: &mut Mapping, adds: Mapping) {
    for (key, added) in adds {
        match (users.get_mut(&key), added) {
            (Some(Value::Mapping(user)), Value::Mapping(added)) => merge(user, added),
            (Some(Value::Sequence(user)), Value::Sequence(mut added)) => {
                let strings = user.iter().chain(&added).all(Value::is_string);
                for item in std::mem::take(user) {
                    if !strings || !added.contains(&item) {
                        added.push(item);
                    }
                }
                *user = added;
            }
            (Some(user), added) => {
                if falsy(user) {
                    *user = added;
                }
            }
            (None, added) => {
                users.insert(key, added);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::from_str;

    #[test]
    fn merging_keeps_what_the_user_gave() {
        for (users, adds, expected) in [
            ("{a: 1}", "{a: 2, b: 3}", "{a: 1, b: 3}"),
            (
                "{a: null, b: '', c: 0, d: []}",
                "{a: 1, b: x, c: 2, d: [e]}",
                "{a: 1, b: x, c: 2, d: [e]}",
            ),
            ("{m: {x: 1}}", "{m: {x: 2, y: 3}}", "{m: {x: 1, y: 3}}"),
            ("{l: [b, a]}", "{l: [a, c]}", "{l: [a, c, b]}"),
            ("{l: [{x: 1}]}", "{l: [{x: 1}]}", "{l: [{x: 1}, {x: 1}]}"),
        ] {
            let mut merged: Mapping = from_str(users).unwrap();
            merge(&mut merged, from_str(adds).unwrap());
            assert_eq!(
                merged,
                from_str::<Mapping>(expected).unwrap(),
                "{users} and {adds}"
            );
        }
    }
}
