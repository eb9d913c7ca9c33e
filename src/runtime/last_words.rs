//! What a program that failed said of it: the one line of its output that tells why, not the stack below or above it.

/// The line; empty when there is none.
#[must_use]
pub fn last_words(output: &str) -> &str {
    let lines = || output.lines().filter(|line| !line.trim().is_empty());
    let told = python(output)
        .or_else(|| lines().rfind(|line| line.trim_start().starts_with("Caused by: ")))
        .or_else(|| lines().rfind(|line| line.starts_with("panic: ")))
        .or_else(|| lines().rfind(|line| !is_stack(line)))
        .or_else(|| lines().next_back());
    told.unwrap_or_default().trim()
}

/// The exception of the last traceback: the first line behind it that is not indented. Databases add lines of their own.
fn python(output: &str) -> Option<&str> {
    let (_, traceback) = output.rsplit_once("Traceback (most recent call last):")?;
    let mut lines = traceback.lines().skip(1);
    lines.find(|line| line.starts_with(|c: char| !c.is_whitespace()))
}

/// Lines that say where, not why: of Java, JavaScript, Python, Go and PostgreSQL.
fn is_stack(line: &str) -> bool {
    let text = line.trim_start();
    let is_indented = text.len() < line.len();
    let elided = text
        .strip_prefix("... ")
        .is_some_and(|rest| rest.ends_with(" more"));
    (is_indented && (text.starts_with("at ") || text.starts_with("File ") || elided))
        || text.starts_with("Node.js v")
        || text.starts_with("exit status ")
        || (text.starts_with("LINE ") && text.contains(": "))
        || (text.starts_with("goroutine ") && text.ends_with("]:"))
        || !text.contains(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_tells_why_is_found_in_every_language() {
        for (output, line) in [
            ("", ""),
            (" \n\n", ""),
            ("}\n", "}"),
            ("one\ntwo \n\n", "two"),
            (
                "CommandError: Error: That username is already taken.\n",
                "CommandError: Error: That username is already taken.",
            ),
            (
                "Traceback (most recent call last):\n  File \"m.py\", line 1, in x\n    raise E\nfirst.E: a\n\nThe above exception was \
                 the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \"m.py\"\n    y\n\
                 django.db.utils.ProgrammingError: relation \"auth_user\" does not exist\nLINE 1: SELECT ...\n              ^\n",
                "django.db.utils.ProgrammingError: relation \"auth_user\" does not exist",
            ),
            (
                "/app/x.js:1\nthrow new Error('no')\n^\n\nError: no\n    at Object.<anonymous> (/app/x.js:1:7)\n    at node:internal/main:2:1\n\nNode.js v20.1.0\n",
                "Error: no",
            ),
            (
                "Exception in thread \"main\" a.B: outer\n\tat a.B.c(B.java:1)\nCaused by: a.C: refused\n\tat a.C.d(C.java:2)\n\t... 3 more\n",
                "Caused by: a.C: refused",
            ),
            (
                "panic: no database\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:5 +0x1d\nexit status 2\n",
                "panic: no database",
            ),
        ] {
            assert_eq!(last_words(output), line, "{output}");
        }
    }
}
