//! One section of a framework's file, without reading the others: a hook needs one, and time is short.

/// The text of the top-level key `name` with what is below it, and the number of lines before it. The key must be
/// plain and begin a line.
pub(super) fn cut<'t>(text: &'t str, name: &str) -> Option<(&'t str, usize)> {
    let mut found: Option<(usize, usize)> = None;
    let mut at = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let of_section = line.starts_with([' ', '\t', '#', '\r', '\n']);
        match found {
            Some((start, before)) if !of_section => return Some((text.get(start..at)?, before)),
            None if is_key(line, name) => found = Some((at, number)),
            _ => {}
        }
        at += line.len();
    }
    let (start, before) = found?;
    Some((text.get(start..)?, before))
}

fn is_key(line: &str, name: &str) -> bool {
    line.strip_prefix(name)
        .and_then(|rest| rest.strip_prefix(':'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_ends_where_the_next_begins() {
        let text = "# x\na:\n  b: 1\n\n# c\nrun: {x: 1}\nruntime:\n\n# why\n  y: 2\n";
        for (name, section) in [
            ("a", Some(("a:\n  b: 1\n\n# c\n", 1))),
            ("run", Some(("run: {x: 1}\n", 5))),
            ("runtime", Some(("runtime:\n\n# why\n  y: 2\n", 6))),
            ("b", None),
            ("y", None),
            ("", None),
        ] {
            assert_eq!(cut(text, name), section, "{name}");
        }
        assert_eq!(cut("a:", "a"), Some(("a:", 0)));
        assert_eq!(cut("", "a"), None);
    }
}
