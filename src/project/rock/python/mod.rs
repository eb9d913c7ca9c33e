//! Names that a Python module binds at its top level, found by reading its tokens.
//!
//! A full parser would add more to the executable than this command is worth. What is seen: plain assignments,
//! `from … import …`, and functions, of top-level statements; brackets, strings of every prefix (f-strings with
//! nested quotes as of Python 3.12), comments, continuation lines and indentation are followed exactly, and
//! their mistakes are told in Python's words. Other syntax errors are left to Python.

mod scanner;

use std::collections::BTreeSet;

use scanner::{Line, Scanner, Token};

/// What a module binds.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Names {
    /// By `name = …` or `from … import name`.
    pub variables: BTreeSet<String>,
    /// By `def name(…)` or `async def name(…)`.
    pub functions: BTreeSet<String>,
}

/// What Python would say of a file that it cannot read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct SyntaxError {
    /// Python's text.
    pub message: String,
    /// The line, from 1.
    pub line: usize,
}

/// Reads the text of a module.
pub(super) fn names(text: &str) -> Result<Names, SyntaxError> {
    let mut names = Names::default();
    let mut blocks = Blocks::default();
    for line in Scanner::new(text).lines()? {
        blocks.enter(&line)?;
        if line.indent == 0 {
            for statement in line.tokens.split(|token| *token == Token::Sign(';')) {
                names.add(statement);
            }
        }
    }
    blocks.end()?;
    Ok(names)
}

impl Names {
    fn add(&mut self, statement: &[Token]) {
        match statement {
            [Token::Word(def), Token::Word(name), ..] if def == "def" => {
                self.functions.insert(name.clone());
            }
            [Token::Word(word), Token::Word(def), Token::Word(name), ..]
                if word == "async" && def == "def" =>
            {
                self.functions.insert(name.clone());
            }
            [Token::Word(from), rest @ ..] if from == "from" => self.add_imports(rest),
            _ if opens_block(statement).is_some() => {}
            _ => {
                let mut targets = statement.split(|token| *token == Token::Sign('='));
                targets.next_back();
                for target in targets {
                    if let [Token::Word(name)] = target {
                        self.variables.insert(name.clone());
                    }
                }
            }
        }
    }

    fn add_imports(&mut self, tokens: &[Token]) {
        let mut parts = tokens.splitn(2, |token| *token == Token::Word("import".into()));
        let (Some(_), Some(imported)) = (parts.next(), parts.next()) else {
            return;
        };
        let inner: Vec<Token> = imported
            .iter()
            .filter(|token| !matches!(token, Token::Sign('(' | ')')))
            .cloned()
            .collect();
        for name in inner.split(|token| *token == Token::Sign(',')) {
            match name {
                [Token::Word(name)] => {
                    self.variables.insert(name.clone());
                }
                [Token::Word(_), Token::Word(word), Token::Word(name)] if word == "as" => {
                    self.variables.insert(name.clone());
                }
                _ => {}
            }
        }
    }
}

/// The block that a line opens, in the words of Python's messages.
fn opens_block(tokens: &[Token]) -> Option<String> {
    let Token::Word(first) = tokens.first()? else {
        return None;
    };
    match first.as_str() {
        "def" => Some("function definition".into()),
        "class" => Some("class definition".into()),
        "if" | "elif" | "else" | "for" | "while" | "try" | "except" | "finally" | "with" => {
            Some(format!("'{first}' statement"))
        }
        "async" => opens_block(tokens.get(1..)?),
        _ => None,
    }
}

/// Follows the indentation.
#[derive(Debug, Default)]
struct Blocks {
    indents: Vec<usize>,
    /// A line that ended in `:`, and what it opens.
    open: Option<(String, usize)>,
}

impl Blocks {
    fn enter(&mut self, line: &Line) -> Result<(), SyntaxError> {
        let current = self.indents.last().copied().unwrap_or(0);
        let error = |message: String| SyntaxError {
            message,
            line: line.number,
        };
        if let Some((what, number)) = self.open.take() {
            if line.indent <= current {
                return Err(error(format!(
                    "expected an indented block after {what} on line {number}"
                )));
            }
            self.indents.push(line.indent);
        } else if line.indent > current {
            return Err(error("unexpected indent".into()));
        } else {
            while self.indents.last().is_some_and(|top| *top > line.indent) {
                self.indents.pop();
            }
            if self.indents.last().copied().unwrap_or(0) != line.indent {
                return Err(error(
                    "unindent does not match any outer indentation level".into(),
                ));
            }
        }
        if line.tokens.last() == Some(&Token::Sign(':')) {
            let what = opens_block(&line.tokens).unwrap_or_else(|| "':'".into());
            self.open = Some((what, line.number));
        }
        Ok(())
    }

    fn end(self) -> Result<(), SyntaxError> {
        match self.open {
            None => Ok(()),
            Some((what, line)) => Err(SyntaxError {
                message: format!("expected an indented block after {what} on line {line}"),
                line,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_is_bound_at_the_top_level() {
        for (text, variables, functions) in [
            ("app = FastAPI()\n", "app", ""),
            ("app=1", "app", ""),
            ("app: int = 1", "", ""),
            (
                "app += 1\napp == 2\napp.x = 3\napp[0] = 4\na, app = 1, 2",
                "",
                "",
            ),
            ("x = app = 1; y = 2", "app x y", ""),
            ("if x:\n    app = 1\n", "", ""),
            ("if x: app = 1\n", "", ""),
            ("class A:\n\tapp = 1\n", "", ""),
            (
                "def create_app(app=1):\n  return app\nasync def f(): pass",
                "",
                "create_app f",
            ),
            ("from x import y as app, z", "app z", ""),
            ("from . import (\n  y as app,  # x\n  q,\n)\n", "app q", ""),
            ("from .x import *\nimport app\n", "", ""),
            ("f(app=1)\n", "", ""),
            ("f = lambda app=1: app\n", "f", ""),
            ("'''\napp = 1\n'''\n", "", ""),
            ("s = r'\\\\'\n", "s", ""),
            ("s = f\"{x[\"a\"]:>{w}} {{app = 1\"\nt = rb'x'\n", "s t", ""),
            ("s = f'''{\n x!r:\n}'''\n", "s", ""),
            ("x = \\\n  1\napp = (\n 1,\n)\n", "app x", ""),
            ("\u{feff}# app = 1\r\napp = 1\r\n", "app", ""),
            ("x = 1 if y else 2\nz = {1: 2}[1]\ng = a[1:]\n", "g x z", ""),
            (
                "@app.get('/')\ndef root():\n    # c\n\n    return {'a': 1}\n# d\n  # e\napp = 1",
                "app",
                "root",
            ),
            (
                "if (y := 1) <= 2 != 3 ** 2 // 1 >> 1:\n  pass\nelse:\n  pass\nz = 1",
                "z",
                "",
            ),
            ("größe = 1", "größe", ""),
            ("def f() -> int:\n        return 1\n\tx\n", "", "f"),
        ] {
            let names = names(text).unwrap_or_else(|error| panic!("{text:?}: {error:?}"));
            let joined = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>().join(" ");
            assert_eq!(joined(names.variables), variables, "{text:?}");
            assert_eq!(joined(names.functions), functions, "{text:?}");
        }
    }

    #[test]
    fn tells_mistakes_in_pythons_words() {
        for (text, line, message) in [
            ("app=(", 1, "'(' was never closed"),
            ("x = 1\napp = [1,\n(2)\n", 2, "'[' was never closed"),
            ("app = 1)", 1, "unmatched ')'"),
            (
                "app = (1]",
                1,
                "closing parenthesis ']' does not match opening parenthesis '('",
            ),
            (
                "app = (\n1]",
                2,
                "closing parenthesis ']' does not match opening parenthesis '(' on line 1",
            ),
            (
                "app = 'x\n",
                1,
                "unterminated string literal (detected at line 1)",
            ),
            (
                "app = '''x\ny\n",
                1,
                "unterminated triple-quoted string literal (detected at line 2)",
            ),
            (
                "app = f'x\n",
                1,
                "unterminated f-string literal (detected at line 1)",
            ),
            (
                "x = 1 \\ 2\n",
                1,
                "unexpected character after line continuation character",
            ),
            ("x = 1\n  y = 2\n", 2, "unexpected indent"),
            (
                "if x:\n    y\n  z\n",
                3,
                "unindent does not match any outer indentation level",
            ),
            (
                "def f():\nx = 1\n",
                2,
                "expected an indented block after function definition on line 1",
            ),
            (
                "if x:\n",
                1,
                "expected an indented block after 'if' statement on line 1",
            ),
            ("app = $x", 1, "invalid syntax"),
        ] {
            let error = names(text).unwrap_err();
            assert_eq!(
                (error.message.as_str(), error.line),
                (message, line),
                "{text:?}"
            );
        }
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_a_crash() {
        for text in ["f\"{".repeat(100_000), "f'{x:{".repeat(100_000)] {
            assert_eq!(
                names(&text).unwrap_err().message,
                "too many nested f-strings"
            );
        }
        assert!(names(&"(".repeat(100_000)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_to_its_end(text in "[\\[\\](){}'\"\\\\:=#;,a-c1f \n\t@$\u{e9}]{0,60}") {
            let _ = names(&text);
        }
    }
}
