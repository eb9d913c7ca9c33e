//! Python's tokens, as far as finding top-level statements needs them.

use super::SyntaxError;

/// What the search needs to tell apart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Token {
    /// A name or keyword.
    Word(String),
    /// A number or a string.
    Literal,
    /// An operator; `=` only when it is an assignment.
    Sign(char),
    /// An operator of several characters.
    Operator,
}

/// A logical line.
#[derive(Debug)]
pub(super) struct Line {
    /// Columns before it.
    pub indent: usize,
    /// Its first line, from 1.
    pub number: usize,
    /// What it holds; never empty.
    pub tokens: Vec<Token>,
}

/// Cuts a text into logical lines.
pub(super) struct Scanner {
    text: Vec<char>,
    at: usize,
    line: usize,
    brackets: Vec<(char, usize)>,
    /// How many expressions of f-strings are open.
    depth: usize,
}

/// How deep Python lets f-strings nest.
const DEEPEST: usize = 150;

impl Scanner {
    /// A scanner at the beginning of the text.
    pub fn new(text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self {
            text: text
                .replace("\r\n", "\n")
                .replace('\r', "\n")
                .chars()
                .collect(),
            at: 0,
            line: 1,
            brackets: Vec::new(),
            depth: 0,
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.text.get(self.at + ahead).copied()
    }

    fn next(&mut self) -> Option<char> {
        let character = self.peek(0)?;
        self.at += 1;
        if character == '\n' {
            self.line += 1;
        }
        Some(character)
    }

    fn error<T>(&self, message: impl Into<String>, line: usize) -> Result<T, SyntaxError> {
        Err(SyntaxError {
            message: message.into(),
            line,
        })
    }

    /// All logical lines that hold something.
    pub fn lines(mut self) -> Result<Vec<Line>, SyntaxError> {
        let mut lines = Vec::new();
        while self.peek(0).is_some() {
            let indent = self.indent();
            let number = self.line;
            let tokens = self.tokens()?;
            if !tokens.is_empty() {
                lines.push(Line {
                    indent,
                    number,
                    tokens,
                });
            }
        }
        Ok(lines)
    }

    fn indent(&mut self) -> usize {
        let mut indent = 0;
        while let Some(character) = self.peek(0) {
            match character {
                ' ' => indent += 1,
                '\t' => indent = (indent / 8 + 1) * 8,
                '\u{c}' => indent = 0,
                _ => break,
            }
            self.at += 1;
        }
        indent
    }

    /// The tokens up to the end of the logical line.
    fn tokens(&mut self) -> Result<Vec<Token>, SyntaxError> {
        let mut tokens = Vec::new();
        while let Some(character) = self.peek(0) {
            match character {
                '\n' => {
                    self.next();
                    if self.brackets.is_empty() {
                        return Ok(tokens);
                    }
                }
                ' ' | '\t' | '\u{c}' => self.at += 1,
                '#' => {
                    while self.peek(0).is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                '\\' => {
                    if self.peek(1).is_some_and(|c| c != '\n') {
                        let message = "unexpected character after line continuation character";
                        return self.error(message, self.line);
                    }
                    self.next();
                    if self.next().is_none() {
                        return self.error("unexpected EOF while parsing", self.line);
                    }
                }
                '\'' | '"' => {
                    self.string("")?;
                    tokens.push(Token::Literal);
                }
                c if is_word(c) => {
                    let word = self.word();
                    let is_prefix = matches!(self.peek(0), Some('\'' | '"'))
                        && word.len() <= 2
                        && word.chars().all(|c| "rbuftRBUFT".contains(c));
                    if is_prefix {
                        self.string(&word)?;
                        tokens.push(Token::Literal);
                    } else if word.starts_with(|c: char| c.is_ascii_digit()) {
                        tokens.push(Token::Literal);
                    } else {
                        tokens.push(Token::Word(word));
                    }
                }
                _ => tokens.push(self.sign()?),
            }
        }
        match self.brackets.last() {
            Some((bracket, line)) => self.error(format!("'{bracket}' was never closed"), *line),
            None => Ok(tokens),
        }
    }

    fn word(&mut self) -> String {
        let start = self.at;
        while self.peek(0).is_some_and(is_word) {
            self.at += 1;
        }
        self.text
            .get(start..self.at)
            .unwrap_or_default()
            .iter()
            .collect()
    }

    fn sign(&mut self) -> Result<Token, SyntaxError> {
        let line = self.line;
        let Some(character) = self.next() else {
            return Ok(Token::Operator);
        };
        match character {
            '(' | '[' | '{' => self.brackets.push((character, line)),
            ')' | ']' | '}' => match self.brackets.pop() {
                None => return self.error(format!("unmatched '{character}'"), line),
                Some((open, opened)) if closing(open) != character => {
                    let place = if opened == line {
                        String::new()
                    } else {
                        format!(" on line {opened}")
                    };
                    let message = format!(
                        "closing parenthesis '{character}' does not match opening parenthesis '{open}'{place}"
                    );
                    return self.error(message, line);
                }
                Some(_) => {}
            },
            '$' | '?' | '`' => return self.error("invalid syntax", line),
            '=' if self.peek(0) == Some('=') => {
                self.at += 1;
                return Ok(Token::Operator);
            }
            // A keyword argument or a default is not an assignment.
            '=' if !self.brackets.is_empty() => return Ok(Token::Operator),
            '+' | '-' | '*' | '/' | '%' | '@' | '&' | '|' | '^' | '<' | '>' | '!' | ':' => {
                let mut several = false;
                while matches!((character, self.peek(0)), ('*' | '/' | '<' | '>', Some(c)) if c == character)
                    || self.peek(0) == Some('=')
                {
                    let last = self.peek(0) == Some('=');
                    self.at += 1;
                    several = true;
                    if last {
                        break;
                    }
                }
                if several {
                    return Ok(Token::Operator);
                }
            }
            _ => {}
        }
        Ok(Token::Sign(character))
    }

    /// A string, from its quote on; the prefix was read.
    fn string(&mut self, prefix: &str) -> Result<(), SyntaxError> {
        let started = self.line;
        let formatted = prefix.contains(['f', 'F', 't', 'T']);
        let Some(quote) = self.next() else {
            return Ok(());
        };
        let triple = self.peek(0) == Some(quote) && self.peek(1) == Some(quote);
        if triple {
            self.at += 2;
        }
        let kind = if formatted { "f-string" } else { "string" };
        loop {
            match self.peek(0) {
                Some('\\') => {
                    self.next();
                    self.next();
                }
                Some('\n') if !triple => {
                    let message = format!(
                        "unterminated {kind} literal (detected at line {})",
                        self.line
                    );
                    return self.error(message, started);
                }
                None => {
                    let triple = if triple { "triple-quoted " } else { "" };
                    let message = format!(
                        "unterminated {triple}{kind} literal (detected at line {})",
                        self.line_of_end()
                    );
                    return self.error(message, started);
                }
                Some('{') if formatted && self.peek(1) == Some('{') => self.at += 2,
                Some('{') if formatted => {
                    self.next();
                    self.replacement(quote)?;
                }
                Some(c) if c == quote => {
                    self.next();
                    if !triple {
                        return Ok(());
                    }
                    if self.peek(0) == Some(quote) && self.peek(1) == Some(quote) {
                        self.at += 2;
                        return Ok(());
                    }
                }
                Some(_) => {
                    self.next();
                }
            }
        }
    }

    /// The expression between braces of an f-string, up to its `}`, with its format.
    fn replacement(&mut self, quote: char) -> Result<(), SyntaxError> {
        let line = self.line;
        self.depth += 1;
        if self.depth >= DEEPEST {
            return self.error("too many nested f-strings", line);
        }
        let outer = std::mem::take(&mut self.brackets);
        while let Some(character) = self.peek(0) {
            match character {
                '}' if self.brackets.is_empty() => {
                    self.next();
                    self.brackets = outer;
                    self.depth -= 1;
                    return Ok(());
                }
                ':' if self.brackets.is_empty() => {
                    self.next();
                    self.format(quote)?;
                }
                '\'' | '"' => self.string("")?,
                '#' => {
                    while self.peek(0).is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                c if is_word(c) => {
                    let word = self.word();
                    if matches!(self.peek(0), Some('\'' | '"')) {
                        self.string(&word)?;
                    }
                }
                _ => {
                    self.sign()?;
                }
            }
        }
        self.error("f-string: expecting '}'", line)
    }

    /// The format after `:` in an f-string, up to before its `}`.
    fn format(&mut self, quote: char) -> Result<(), SyntaxError> {
        while let Some(character) = self.peek(0) {
            match character {
                '}' => return Ok(()),
                '{' => {
                    self.next();
                    self.replacement(quote)?;
                }
                c if c == quote => break,
                _ => {
                    self.next();
                }
            }
        }
        self.error("f-string: expecting '}'", self.line)
    }

    /// The last line of the text: a final line break does not begin another.
    fn line_of_end(&self) -> usize {
        match self.text.last() {
            Some('\n') => self.line - 1,
            _ => self.line,
        }
    }
}

fn is_word(character: char) -> bool {
    character == '_'
        || character.is_alphanumeric()
        || (!character.is_ascii() && !character.is_whitespace())
}

fn closing(open: char) -> char {
    match open {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}
