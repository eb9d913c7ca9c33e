//! `/etc/passwd` and `/etc/group` of a container.

/// The first user id that is a person's, by login.defs(5).
const PEOPLE: u32 = 1000;
/// `nobody`.
const NOBODY: u32 = 65_534;

/// The passwd of the image or the machine without its people and with `_daemon_` as rockcraft makes it.
pub(super) fn passwd(original: &str, daemon: u32) -> String {
    accounts(
        original,
        "root:x:0:0:root:/root:/bin/sh",
        &format!("_daemon_:x:{daemon}:{daemon}::/var/lib/pebble/default:/usr/bin/false"),
    )
}

/// The same for groups.
pub(super) fn group(original: &str, daemon: u32) -> String {
    accounts(original, "root:x:0:", &format!("_daemon_:x:{daemon}:"))
}

fn accounts(original: &str, root: &str, daemon: &str) -> String {
    let mut lines = vec![root];
    lines.extend(original.lines().filter(|line| {
        let mut fields = line.split(':');
        let name = fields.next();
        let id = fields.nth(1).and_then(|id| id.parse::<u32>().ok());
        !matches!(name, None | Some("" | "root" | "_daemon_"))
            && id.is_some_and(|id| id < PEOPLE || id == NOBODY)
    }));
    lines.push(daemon);
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_stay_out_and_the_daemon_comes_in() {
        let original = "root:x:0:0:root:/home/me:/bin/zsh\nmail:x:8:8::/var/mail:/x\n\
                        ann:x:1000:1000::/home/ann:/bin/sh\nnobody:x:65534:65534::/:/x\n\
                        _daemon_:x:584792:584792::/:/x\nbroken\n";
        assert_eq!(
            passwd(original, 0),
            "root:x:0:0:root:/root:/bin/sh\nmail:x:8:8::/var/mail:/x\nnobody:x:65534:65534::/:/x\n\
             _daemon_:x:0:0::/var/lib/pebble/default:/usr/bin/false\n"
        );
        assert_eq!(group("", 584_792), "root:x:0:\n_daemon_:x:584792:\n");
    }
}
