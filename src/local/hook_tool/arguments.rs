//! Arguments as Juju's `gnuflag` reads them: flags anywhere before `--`, `--name=value` and `--name value`,
//! booleans with an optional value.

use std::collections::BTreeMap;

use super::failure::Failure;

/// A flag that a tool takes: its names, the first being the one it is asked by, and whether it has a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flag {
    pub names: &'static [&'static str],
    pub boolean: bool,
}

/// A flag with a value.
pub(super) const fn text(names: &'static [&'static str]) -> Flag {
    Flag {
        names,
        boolean: false,
    }
}

/// A flag without one.
pub(super) const fn boolean(names: &'static [&'static str]) -> Flag {
    Flag {
        names,
        boolean: true,
    }
}

/// What was given.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Arguments {
    texts: BTreeMap<&'static str, String>,
    booleans: BTreeMap<&'static str, bool>,
    /// What is not a flag.
    pub rest: Vec<String>,
}

impl Arguments {
    pub fn parse(flags: &[Flag], arguments: &[String]) -> Result<Self, Failure> {
        let mut parsed = Self::default();
        let mut left = arguments.iter();
        while let Some(argument) = left.next() {
            if argument == "--" {
                parsed.rest.extend(left.cloned());
                break;
            }
            if argument == "-" || !argument.starts_with('-') {
                parsed.rest.push(argument.clone());
                continue;
            }
            let (written, value) = split(argument);
            let name = written.trim_start_matches('-');
            let flag = flags
                .iter()
                .chain(EVERYWHERE)
                .find(|flag| flag.names.contains(&name))
                .ok_or_else(|| {
                    Failure::usage(format!("option provided but not defined: {written}"))
                })?;
            let Some(key) = flag.names.first() else {
                continue;
            };
            if flag.boolean {
                let value = value.as_deref().map_or(Some(true), go_boolean);
                let value = value.ok_or_else(|| {
                    Failure::usage(format!("invalid boolean value for option {written}"))
                })?;
                parsed.booleans.insert(key, value);
            } else {
                let value = value.or_else(|| left.next().cloned()).ok_or_else(|| {
                    Failure::usage(format!("option needs an argument: {written}"))
                })?;
                parsed.texts.insert(key, value);
            }
        }
        Ok(parsed)
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    pub fn boolean(&self, name: &str) -> bool {
        self.booleans.get(name).copied().unwrap_or_default()
    }

    /// The positional argument at `index`.
    pub fn at(&self, index: usize) -> Option<&str> {
        self.rest.get(index).map(String::as_str)
    }

    /// Refuses more than `most` positional arguments.
    pub fn at_most(&self, most: usize) -> Result<(), Failure> {
        match self.rest.get(most..) {
            None | Some([]) => Ok(()),
            Some(extra) => {
                let extra: Vec<String> = extra.iter().map(|it| format!("{it:?}")).collect();
                Err(Failure::usage(format!(
                    "unrecognized args: [{}]",
                    extra.join(" ")
                )))
            }
        }
    }
}

const EVERYWHERE: &[Flag] = &[boolean(&["help", "h"])];

/// `--name=value`, and `-nvalue` of one-letter flags, in two.
fn split(argument: &str) -> (String, Option<String>) {
    if argument.starts_with("--") {
        return match argument.split_once('=') {
            Some((name, value)) => (name.into(), Some(value.into())),
            None => (argument.into(), None),
        };
    }
    let after = argument.char_indices().nth(2).map(|(at, _)| at);
    match after.and_then(|at| argument.split_at_checked(at)) {
        Some((name, value)) => {
            let value = value.strip_prefix('=').unwrap_or(value);
            (name.into(), Some(value.into()))
        }
        None => (argument.into(), None),
    }
}

/// What Go's `strconv.ParseBool` takes.
fn go_boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAGS: &[Flag] = &[text(&["r", "relation"]), boolean(&["application", "app"])];

    fn parse(arguments: &[&str]) -> Result<Arguments, Failure> {
        let arguments: Vec<String> = arguments.iter().map(|it| (*it).to_owned()).collect();
        Arguments::parse(FLAGS, &arguments)
    }

    #[test]
    fn every_way_to_write_a_flag_is_understood() {
        for arguments in [
            &["-r", "db:7", "x"][..],
            &["-rdb:7", "x"],
            &["-r=db:7", "x"],
            &["--relation", "db:7", "x"],
            &["--relation=db:7", "x"],
            &["x", "-r", "db:7"],
        ] {
            let parsed = parse(arguments).unwrap();
            assert_eq!(parsed.text("r"), Some("db:7"), "{arguments:?}");
            assert_eq!(parsed.rest, ["x"], "{arguments:?}");
        }
        for (argument, value) in [
            ("--app", true),
            ("--application=True", true),
            ("--application=False", false),
            ("--app=0", false),
        ] {
            let parsed = parse(&[argument]).unwrap();
            assert_eq!(parsed.boolean("application"), value, "{argument}");
        }
    }

    #[test]
    fn nothing_after_two_dashes_is_a_flag_and_one_dash_is_a_value() {
        let parsed = parse(&["-", "--", "-r", "--app"]).unwrap();
        assert_eq!(parsed.rest, ["-", "-r", "--app"]);
        assert_eq!(parsed.text("r"), None);
    }

    #[test]
    fn what_is_wrong_is_said_in_jujus_words() {
        for (arguments, message) in [
            (&["--nope"][..], "option provided but not defined: --nope"),
            (&["-r"], "option needs an argument: -r"),
        ] {
            let failure = parse(arguments).unwrap_err();
            assert_eq!(failure.message, message);
            assert_eq!(failure.code, 2);
        }
    }
}
