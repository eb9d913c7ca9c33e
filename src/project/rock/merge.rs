//! How an extension's data goes under the user's.

use crate::yaml::{Mapping, Value};

/// Merges `theirs`, what an extension adds, into `user`.
///
/// The user's keys keep their place; a key the user left out, empty or falsy becomes the extension's. Mappings are
/// merged recursively, of lists the extension's items come first, and anything else stays the user's.
pub(super) fn merge(user: &mut Mapping, theirs: &Mapping) {
    for (key, added) in theirs {
        match user.get_mut(key) {
            None => {
                user.insert(key.clone(), added.clone());
            }
            Some(mine) if is_falsy(mine) => *mine = added.clone(),
            Some(Value::Mapping(mine)) => {
                if let Value::Mapping(added) = added {
                    merge(mine, added);
                }
            }
            Some(Value::Sequence(mine)) => {
                if let Value::Sequence(added) = added {
                    *mine = joined(added, mine);
                }
            }
            Some(_) => {}
        }
    }
}

/// Null, false, zero, or an empty text, list or mapping.
pub(super) fn is_falsy(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Sequence(items) => items.is_empty(),
        Value::Mapping(map) => map.is_empty(),
        Value::Tagged(_) => false,
    }
}

/// Both lists in order; duplicates go only when all items are texts.
fn joined(first: &[Value], second: &[Value]) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::with_capacity(first.len() + second.len());
    let texts = first.iter().chain(second).all(Value::is_string);
    for item in first.iter().chain(second) {
        if !(texts && all.contains(item)) {
            all.push(item.clone());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{from_str, to_string};

    #[test]
    fn the_user_wins_keeps_the_order_and_lists_are_joined() {
        for (user, theirs, merged) in [
            ("a: 1", "a: 2\nb: 3", "a: 1\nb: 3\n"),
            ("a:", "a: 2", "a: 2\n"),
            ("a: 0", "a: 2", "a: 2\n"),
            ("a: ''", "a: x", "a: x\n"),
            ("a: [x, w]", "a: [z, x]", "a:\n- z\n- x\n- w\n"),
            ("a: [{b: 1}]", "a: [{b: 1}, c]", "a:\n- b: 1\n- c\n- b: 1\n"),
            ("a: {c: 1}", "a: {b: 2, c: 3}", "a:\n  c: 1\n  b: 2\n"),
            ("a: text", "a: [x]", "a: text\n"),
        ] {
            let mut user: Mapping = from_str(user).unwrap();
            merge(&mut user, &from_str(theirs).unwrap());
            assert_eq!(to_string(&user).unwrap(), merged);
        }
    }
}
