//! What a hook tool said, without the values it was given.

const ELIDED: &str = "…";
/// Longer texts say nothing more to the reader of a log.
const MOST_CHARACTERS: usize = 2000;

/// The text without any of `sent`, and, when anything was sent, without what it quotes unless it
/// is one of `known` (readers of YAML quote the beginning of what they could not read).
pub(super) fn redact(text: &str, sent: &[&str], known: &[&str]) -> String {
    let mut text = text.trim().to_owned();
    let mut sent: Vec<&str> = sent
        .iter()
        .copied()
        .filter(|value| !value.is_empty())
        .collect();
    if !sent.is_empty() {
        // The longest first, or a value that is part of another would leave the rest of it behind.
        sent.sort_by_key(|value| std::cmp::Reverse(value.len()));
        for value in sent {
            text = without(&text, value);
        }
        text = without_quoted(&text, known);
    }
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}{ELIDED}", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Values of up to three characters are part of ordinary words, so only whole words are elided.
fn without(text: &str, value: &str) -> String {
    if value.chars().count() > 3 {
        return text.replace(value, ELIDED);
    }
    let mut result = String::new();
    let mut rest = text;
    let mut before = None;
    while let Some((ahead, behind)) = rest.split_once(value) {
        result.push_str(ahead);
        let before_value = ahead.chars().next_back().or(before);
        let within_word = |neighbour: Option<char>| neighbour.is_some_and(char::is_alphanumeric);
        if within_word(before_value) || within_word(behind.chars().next()) {
            result.push_str(value);
        } else {
            result.push_str(ELIDED);
        }
        before = value.chars().next_back();
        rest = behind;
    }
    result.push_str(rest);
    result
}

/// The text with what stands between `"…"` or `` `…` `` elided unless it is known.
pub(super) fn without_quoted(text: &str, known: &[&str]) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(['"', '`']) {
        let (ahead, quoted) = rest.split_at(start);
        result.push_str(ahead);
        let mut characters = quoted.chars();
        let Some(mark) = characters.next() else { break };
        let (content, behind) = characters
            .as_str()
            .split_once(mark)
            .unwrap_or((characters.as_str(), ""));
        result.push(mark);
        result.push_str(if known.contains(&content) {
            content
        } else {
            ELIDED
        });
        result.push(mark);
        rest = behind;
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elides_what_was_sent_wherever_it_stands() {
        for (text, sent, expected) in [
            (
                "ERROR bad hunter22 here",
                &["hunter22"][..],
                "ERROR bad … here",
            ),
            ("ERROR a of a cat", &["a"], "ERROR … of … cat"),
            (
                "ERROR hunter22more",
                &["hunter22", "hunter22more"],
                "ERROR …",
            ),
            (
                "ERROR cannot unmarshal !!str `hunter2...` into map for \"db:7\"",
                &["hunter22"],
                "ERROR cannot unmarshal !!str `…` into map for \"db:7\"",
            ),
            ("ERROR `open", &["hunter22"], "ERROR `…`"),
            ("ERROR \"kept\"\n", &[], "ERROR \"kept\""),
        ] {
            assert_eq!(redact(text, sent, &["db:7"]), expected, "{text}");
        }
    }
}
