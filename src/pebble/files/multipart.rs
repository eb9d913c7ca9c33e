//! The multipart form that file contents travel in (RFC 7578), and the names in it.

use crate::percent::percent_encode;

/// What stands between the parts of a form: 32 random hexadecimal digits, the least Pebble accepts.
#[derive(Clone, Debug)]
pub(super) struct Boundary(String);

impl Boundary {
    /// A boundary that no content holds, but by a chance of one in 2^128.
    ///
    /// # Errors
    /// The operating system has no random numbers.
    pub fn random() -> std::io::Result<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
        Ok(Self(hex::encode(bytes)))
    }

    /// The `Content-Type` of the form.
    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary=\"{}\"", self.0)
    }

    /// The part that says what the others are.
    pub fn request_part(&self, json: &str) -> String {
        format!(
            "--{}\r\nContent-Type: application/json\r\n\
             Content-Disposition: form-data; name=\"request\"\r\n\r\n{json}",
            self.0
        )
    }

    /// What stands before a file's content.
    pub fn file_head(&self, path: &str) -> String {
        format!(
            "\r\n--{}\r\nContent-Type: application/octet-stream\r\n\
             Content-Disposition: form-data; name=\"files\"; {}\r\n\r\n",
            self.0,
            filename(path)
        )
    }

    /// What stands at the end.
    pub fn end(&self) -> String {
        format!("\r\n--{}--\r\n", self.0)
    }
}

/// The parameter for a path: quoted, or in the notation of RFC 2231 when it holds control characters.
fn filename(path: &str) -> String {
    if path.chars().any(char::is_control) {
        return format!("filename*=utf-8''{}", percent_encode(path));
    }
    let escaped = path.replace('\\', "\\\\").replace('"', "\\\"");
    format!("filename=\"{escaped}\"")
}

/// A parameter of a `Content-Disposition` header, its quoting undone.
pub(super) fn parameter(header: &[u8], wanted: &str) -> Option<String> {
    let text = String::from_utf8_lossy(header);
    let mut rest = text.split_once(';')?.1;
    loop {
        let (name, after) = rest.split_once('=')?;
        let mut value = String::new();
        let mut characters = after.trim_start().char_indices();
        let trimmed = after.trim_start();
        let mut end = trimmed.len();
        let quoted = trimmed.starts_with('"');
        if quoted {
            characters.next();
        }
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' if quoted => value.extend(characters.next().map(|(_, escaped)| escaped)),
                '"' if quoted => {
                    end = at + 1;
                    break;
                }
                ';' if !quoted => {
                    end = at;
                    break;
                }
                _ => value.push(character),
            }
        }
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(if quoted {
                value
            } else {
                value.trim().to_owned()
            });
        }
        rest = trimmed.get(end..)?.trim_start().strip_prefix(';')?;
    }
}

/// Whether the name of a part stands for `path`: Go writes line ends percent-encoded.
pub(super) fn is_named(name: &str, path: &str) -> bool {
    name == path || name == path.replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_written_as_pebble_documents_it() {
        let boundary = Boundary("4d1c6a90f3be4c58a2d7e0b19c5f6a77".into());
        let form = boundary.request_part("{\"action\":\"write\"}")
            + &boundary.file_head("/flask/gunicorn.conf.py")
            + "bind = ['0.0.0.0:8000']\n"
            + &boundary.end();
        let expected = [
            "--4d1c6a90f3be4c58a2d7e0b19c5f6a77",
            "Content-Type: application/json",
            "Content-Disposition: form-data; name=\"request\"",
            "",
            "{\"action\":\"write\"}",
            "--4d1c6a90f3be4c58a2d7e0b19c5f6a77",
            "Content-Type: application/octet-stream",
            "Content-Disposition: form-data; name=\"files\"; filename=\"/flask/gunicorn.conf.py\"",
            "",
            "bind = ['0.0.0.0:8000']\n",
            "--4d1c6a90f3be4c58a2d7e0b19c5f6a77--",
            "",
        ];
        assert_eq!(form, expected.join("\r\n"));
    }

    #[test]
    fn a_boundary_is_random_and_long_enough() {
        let (one, two) = (Boundary::random().unwrap(), Boundary::random().unwrap());
        assert_eq!(one.0.len(), 32);
        assert_ne!(one.0, two.0);
    }

    #[test]
    fn names_survive_quoting_and_unquoting() {
        for path in ["/a", "/a b", "/a\"b\\c", "/é", "/a;b=c", "/a\\", "/'"] {
            let header = format!("form-data; name=\"files\"; {}", filename(path));
            assert_eq!(
                parameter(header.as_bytes(), "filename").as_deref(),
                Some(path)
            );
            assert_eq!(
                parameter(header.as_bytes(), "name").as_deref(),
                Some("files")
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn any_path_survives(path in "[^\\p{Cc}]*") {
            let header = format!("form-data; name=\"files\"; {}", filename(&path));
            proptest::prop_assert_eq!(parameter(header.as_bytes(), "filename"), Some(path));
        }

        #[test]
        fn no_header_makes_it_panic(header: Vec<u8>) {
            parameter(&header, "filename");
        }

        #[test]
        fn no_header_of_the_right_letters_makes_it_panic(header in "[a-c;=\"\\\\ é]{0,12}") {
            parameter(header.as_bytes(), "a");
        }
    }

    #[test]
    fn control_characters_are_percent_encoded() {
        assert_eq!(filename("/a\nb"), "filename*=utf-8''%2Fa%0Ab");
        assert!(is_named("/a%0Ab", "/a\nb"));
        assert!(!is_named("/a%0Ab", "/ab"));
    }

    #[test]
    fn a_header_without_the_parameter_has_none() {
        for header in [
            "",
            "form-data",
            "form-data; name",
            "form-data; name=\"x",
            "a;=;=;\"",
            "\\;\"=",
        ] {
            assert_eq!(parameter(header.as_bytes(), "filename"), None, "{header}");
        }
        assert_eq!(
            parameter(b"form-data; name=files; x=1", "name").as_deref(),
            Some("files")
        );
    }
}
