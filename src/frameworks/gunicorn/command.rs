//! The command of a service that runs gunicorn, read and edited where it stands: what is not ours to change keeps its
//! very text (known defects 83 and 84).

/// A word of a command.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Word {
    /// Where it is in the text, in bytes.
    start: usize,
    /// Where it ends.
    end: usize,
    /// What it means, without quotes.
    value: String,
}

/// The words of a command as Pebble passes them: split as a shell does, and without the brackets around default
/// arguments (contract: pebble, section 4). `None` when a quote is not closed.
#[must_use]
pub fn words(command: &str) -> Option<Vec<String>> {
    let words = split(command)?.into_iter().map(|word| word.value);
    Some(words.filter(|word| word != "[" && word != "]").collect())
}

/// Whether the words run gunicorn as a program of their own, so that options after them and signals to it reach it.
#[must_use]
pub fn runs_gunicorn(words: &[String]) -> bool {
    words
        .iter()
        .any(|word| word.rsplit('/').next() == Some("gunicorn"))
}

/// The Python that gunicorn runs in; the machine's own when the command does not say.
#[must_use]
pub fn interpreter(words: &[String]) -> &str {
    let is_python = |word: &&String| {
        let name = word.rsplit('/').next().unwrap_or_default();
        name.starts_with("python")
    };
    words.iter().find(is_python).map_or("python3", |word| word)
}

/// The command that has gunicorn check its configuration and load the app: with `config_file` read from `instead`,
/// where the command names it at all. Of options given twice gunicorn takes the last.
#[must_use]
pub fn check(words: &[String], config_file: &str, instead: &str) -> Vec<String> {
    let mut command = words.to_vec();
    let is_named = words.iter().any(|word| word.ends_with(config_file));
    if is_named && instead != config_file {
        command.extend(["-c".to_owned(), instead.to_owned()]);
    }
    command.push("--check-config".to_owned());
    command
}

/// The worker class that the command asks for; `None` when it does not say, or cannot be read.
#[must_use]
pub fn worker_class(command: &str) -> Option<String> {
    let words = split(command)?;
    places(&words).pop().map(|(_, _, class)| class)
}

/// The command with another worker class; `None` when it names none.
#[must_use]
pub fn with_worker_class(command: &str, class: &str) -> Option<String> {
    let words = split(command)?;
    let places = places(&words);
    if places.is_empty() {
        return None;
    }
    let mut edited = command.to_owned();
    // From the end, so that earlier places stay where they are.
    for (at, prefix, old) in places.iter().rev() {
        let word = words.get(*at)?;
        if old != class {
            edited.replace_range(word.start..word.end, &format!("{prefix}{class}"));
        }
    }
    Some(edited)
}

/// Where worker classes are: the index of the word, what precedes the class in it, and the class.
fn places(words: &[Word]) -> Vec<(usize, String, String)> {
    const LONG: &str = "--worker-class";
    let mut places = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let value = word.value.as_str();
        let (name, attached) = match value.split_once('=') {
            Some((name, class)) => (name, Some(class)),
            None => (value, None),
        };
        // As gunicorn's parser does, which takes the beginning of a name for the name.
        let is_long = name.starts_with("--worker-cl") && LONG.starts_with(name);
        if name == "-k" || is_long {
            if let Some(class) = attached {
                places.push((index, format!("{name}="), class.to_owned()));
                continue;
            }
            let opens = |word: &Word| word.value == "[";
            let at = index + 1 + usize::from(words.get(index + 1).is_some_and(opens));
            if let Some(next) = words.get(at).filter(|word| word.value != "]") {
                places.push((at, String::new(), next.value.clone()));
            }
        } else if let Some(class) = value.strip_prefix("-k") {
            places.push((index, "-k".into(), class.to_owned()));
        }
    }
    places
}

/// Splits as a POSIX shell does, without its expansions. `None` when a quote or an escape is not complete.
fn split(text: &str) -> Option<Vec<Word>> {
    let mut words: Vec<Word> = Vec::new();
    let mut word: Option<Word> = None;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character.is_whitespace() {
            words.extend(word.take());
            continue;
        }
        let word = word.get_or_insert(Word {
            start: at,
            end: at,
            value: String::new(),
        });
        match character {
            '\'' => loop {
                match characters.next()?.1 {
                    '\'' => break,
                    other => word.value.push(other),
                }
            },
            '"' => loop {
                match characters.next()?.1 {
                    '"' => break,
                    '\\' => match characters.next()?.1 {
                        '\n' => {}
                        escaped @ ('"' | '\\' | '$' | '`') => word.value.push(escaped),
                        other => word.value.extend(['\\', other]),
                    },
                    other => word.value.push(other),
                }
            },
            '\\' => word.value.push(characters.next()?.1),
            other => word.value.push(other),
        }
        word.end = characters.peek().map_or(text.len(), |(next, _)| *next);
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROCK: &str = "/bin/python3 -m gunicorn -c /flask/gunicorn.conf.py 'app:app' -k [ sync ]";

    #[test]
    fn words_are_those_that_a_shell_would_pass() {
        for (command, expected) in [
            (
                "a 'b c' \"d \\\" e\" f\\ g",
                &["a", "b c", "d \" e", "f g"][..],
            ),
            ("  a\t'' [ b ]  ", &["a", "", "b"]),
            ("--x='y z'w", &["--x=y zw"]),
            ("é 'ü'", &["é", "ü"]),
            ("", &[]),
        ] {
            assert_eq!(words(command).unwrap(), expected, "{command}");
        }
        for command in ["a 'b", "a \"b", "a \\"] {
            assert_eq!(words(command), None, "{command}");
        }
    }

    #[test]
    fn every_spelling_of_the_worker_class_is_edited_where_it_stands() {
        for (command, expected) in [
            (
                ROCK,
                "/bin/python3 -m gunicorn -c /flask/gunicorn.conf.py 'app:app' -k [ gevent ]",
            ),
            ("gunicorn  -k sync 'a:b'", "gunicorn  -k gevent 'a:b'"),
            ("gunicorn -ksync a:b", "gunicorn -kgevent a:b"),
            ("gunicorn -k=sync a:b", "gunicorn -k=gevent a:b"),
            (
                "gunicorn --worker-class sync a:b",
                "gunicorn --worker-class gevent a:b",
            ),
            (
                "gunicorn --worker-class=sync \"a:b\"",
                "gunicorn --worker-class=gevent \"a:b\"",
            ),
            (
                "gunicorn a:b [ --worker-class sync ]",
                "gunicorn a:b [ --worker-class gevent ]",
            ),
            ("gunicorn -k 'sync' a:b", "gunicorn -k gevent a:b"),
            (
                "gunicorn -k sync -k [ eventlet ]",
                "gunicorn -k gevent -k [ gevent ]",
            ),
            ("gunicorn 'ü' -k sync", "gunicorn 'ü' -k gevent"),
        ] {
            let edited = with_worker_class(command, "gevent").unwrap();
            assert_eq!(edited, expected);
            assert_eq!(worker_class(&edited).as_deref(), Some("gevent"));
        }
    }

    #[test]
    fn the_same_class_leaves_every_byte_as_it_is() {
        for command in [ROCK, "gunicorn   -k   'sync'", "gunicorn -ksync"] {
            assert_eq!(with_worker_class(command, "sync").as_deref(), Some(command));
        }
    }

    #[test]
    fn a_command_without_a_worker_class_has_none_to_edit() {
        for command in [
            "gunicorn app:app",
            "gunicorn app:app -k",
            "gunicorn app:app -k [ ]",
            "gunicorn --worker-connections 5 --keep-alive 2 app:app",
            "gunicorn 'app:app -k sync'",
            "gunicorn -k sync 'open",
        ] {
            assert_eq!(with_worker_class(command, "sync"), None, "{command}");
            assert_eq!(worker_class(command), None, "{command}");
        }
    }

    #[test]
    fn the_check_reads_the_other_file_where_the_command_reads_ours() {
        let file = "/flask/gunicorn.conf.py";
        let other = "/flask/gunicorn.conf.next.py";
        let checked =
            |command: &str, instead| check(&words(command).unwrap(), file, instead).join(" ");
        assert_eq!(
            checked(ROCK, other),
            "/bin/python3 -m gunicorn -c /flask/gunicorn.conf.py app:app -k sync -c /flask/gunicorn.conf.next.py --check-config"
        );
        assert_eq!(
            checked("gunicorn --config=/flask/gunicorn.conf.py a:b", other),
            "gunicorn --config=/flask/gunicorn.conf.py a:b -c /flask/gunicorn.conf.next.py --check-config"
        );
        for (command, instead) in [("gunicorn a:b", other), (ROCK, file)] {
            assert!(!checked(command, instead).contains("next"));
        }
    }

    #[test]
    fn gunicorn_and_its_python_are_known_by_their_names() {
        for (command, runs, python) in [
            (ROCK, true, "/bin/python3"),
            ("/app/venv/bin/gunicorn a:b", true, "python3"),
            ("env A=b python3.12 -m gunicorn a:b", true, "python3.12"),
            ("bash -c 'exec gunicorn a:b'", false, "python3"),
        ] {
            let words = words(command).unwrap();
            assert_eq!(runs_gunicorn(&words), runs, "{command}");
            assert_eq!(interpreter(&words), python, "{command}");
        }
    }
}
