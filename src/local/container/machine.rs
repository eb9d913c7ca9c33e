//! Facts about this machine and about the user namespace that the process is in.

use std::fs;

/// The user `_daemon_` of a rock: rockcraft's fixed user and group id.
pub(super) const DAEMON_USER: u32 = 584_792;

const UID_MAP: &str = "/proc/self/uid_map";
const GID_MAP: &str = "/proc/self/gid_map";
/// `CAP_SYS_ADMIN` of linux/capability.h.
const SYS_ADMIN: u64 = 1 << 21;

/// Whether the user or group id has a meaning outside, by the text of `uid_map` or `gid_map` (user_namespaces(7)):
/// lines of first id inside, first id outside, count.
fn maps(map: &str, id: u32) -> bool {
    map.lines().any(|line| {
        let mut numbers = line.split_whitespace().map(str::parse::<u64>);
        let (Some(Ok(first)), Some(Ok(_)), Some(Ok(count))) =
            (numbers.next(), numbers.next(), numbers.next())
        else {
            return false;
        };
        (first..first.saturating_add(count)).contains(&u64::from(id))
    })
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Whether files can belong to the user and group `id`.
pub(super) fn has_id(id: u32) -> bool {
    maps(&read(UID_MAP), id) && maps(&read(GID_MAP), id)
}

/// Whether the process is in a user namespace other than the machine's first.
pub(super) fn in_user_namespace() -> bool {
    !maps(&read(UID_MAP), u32::MAX - 1)
}

/// The uid and gid of `_daemon_` here. Where only one user is mapped it is that one, which Pebble does not switch to
/// since it runs as that user already.
pub(super) fn daemon_id() -> u32 {
    if has_id(DAEMON_USER) { DAEMON_USER } else { 0 }
}

/// Whether the process may mount.
pub(super) fn may_mount() -> bool {
    read("/proc/self/status")
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & SYS_ADMIN != 0)
}

/// What to enable so that an ordinary user may have namespaces.
pub(super) fn remedy() -> String {
    let setting = |name: &str| {
        read(&format!("/proc/sys/{}", name.replace('.', "/")))
            .trim()
            .to_owned()
    };
    for (name, bad, good) in [
        ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
        ("kernel.unprivileged_userns_clone", "0", "1"),
        ("user.max_user_namespaces", "0", "15000"),
    ] {
        if setting(name) == bad {
            return format!("run `sudo sysctl -w {name}={good}`, or run charmwright as root");
        }
    }
    "run charmwright as root; in a container, start that one with `--privileged`".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_tells_which_ids_exist() {
        let everything = "         0          0 4294967295\n";
        let one = "         0       1000          1\n";
        let subordinate = "0 1000 1\n1 100000 65536\n";
        for (map, id, expected) in [
            (everything, 0, true),
            (everything, DAEMON_USER, true),
            (everything, u32::MAX - 1, true),
            (one, 0, true),
            (one, 1, false),
            (one, DAEMON_USER, false),
            (subordinate, 65_536, true),
            (subordinate, 65_537, false),
            ("", 0, false),
            ("0 x 1", 0, false),
            ("18446744073709551615 0 18446744073709551615", 0, false),
        ] {
            assert_eq!(maps(map, id), expected, "{map:?} {id}");
        }
    }
}
