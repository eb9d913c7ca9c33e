//! Files: any size, any name, their modes and owners.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use charmwright::pebble::{Client, Error, FileErrorKind, WriteFile};
use tokio::io::AsyncRead;

use crate::daemon::{Daemon, is_root, user};

fn file(path: &str, content: &[u8]) -> WriteFile {
    WriteFile {
        path: path.to_owned(),
        content: content.to_vec(),
        ..WriteFile::default()
    }
}

pub fn failure<T: std::fmt::Debug>(result: Result<T, Error>) -> (FileErrorKind, String) {
    match result {
        Err(Error::File(error)) => (error.kind, error.message),
        other => panic!("{other:?}"),
    }
}

pub fn mode(path: &str) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Bytes that do not repeat soon, and hold line ends and dashes as boundaries do.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut bytes: Vec<u8> = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    })
    .take(length)
    .collect();
    for at in (1000..length.saturating_sub(16)).step_by(9973) {
        bytes[at..at + 8].copy_from_slice(b"\r\n--\r\n--");
    }
    bytes
}

#[tokio::test]
async fn files_are_written_and_read_as_they_are() {
    let daemon = Daemon::start().await;
    let client = &daemon.client;
    for (name, content) in [
        ("empty", Vec::new()),
        ("text", b"bind = ['0.0.0.0:8000']\n".to_vec()),
        ("bytes", (0..=255).collect()),
        ("ends", b"\r\n".to_vec()),
        (
            "dashes",
            b"\r\n--0123456789abcdef0123456789abcdef--\r\n".to_vec(),
        ),
        ("large", noise(3 << 20)),
        ("with space", b"1".to_vec()),
        ("quo\"te\\back", b"2".to_vec()),
        ("naïve-\u{1F980};x=y&a+b%20", b"3".to_vec()),
        ("line\nend", b"4".to_vec()),
    ] {
        let path = daemon.text(name);
        client.write_files(&[file(&path, &content)]).await.unwrap();
        assert!(fs::read(&path).unwrap() == content, "{name}");
        assert!(client.read_file(&path).await.unwrap() == content, "{name}");
    }
}

#[tokio::test]
async fn several_files_are_read_at_once_though_some_cannot_be() {
    let daemon = Daemon::start().await;
    let client = &daemon.client;
    let (a, b, missing, directory) = (
        daemon.text("a"),
        daemon.text("b"),
        daemon.text("nope"),
        daemon.text("pebble"),
    );
    client
        .write_files(&[file(&a, b"A"), file(&b, b"B")])
        .await
        .unwrap();
    let files = client
        .read_files(&[&a, &missing, &b, "relative", &directory, &a])
        .await
        .unwrap();
    let paths: Vec<_> = files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, [&a, &missing, &b, "relative", &directory, &a]);
    assert_eq!(files[0].1.as_deref(), Ok(&b"A"[..]));
    assert_eq!(files[2].1.as_deref(), Ok(&b"B"[..]));
    assert_eq!(files[5].1.as_deref(), Ok(&b"A"[..]));
    let error = files[1].1.clone().unwrap_err();
    assert_eq!(
        (error.kind, error.path),
        (FileErrorKind::NotFound, missing.clone())
    );
    let error = files[3].1.clone().unwrap_err();
    assert_eq!(error.kind, FileErrorKind::Generic);
    assert_eq!(error.message, "paths must be absolute, got \"relative\"");
    assert_eq!(files[4].1.clone().unwrap_err().kind, FileErrorKind::Generic);
    assert!(client.read_file(&missing).await.unwrap_err().is_not_found());
    assert_eq!(client.read_files(&[]).await.unwrap(), []);
}

#[tokio::test]
async fn a_file_of_64_megabytes_is_streamed_both_ways() {
    let daemon = Daemon::start().await;
    let client = &daemon.client;
    let path = daemon.text("large");
    let content = noise(64 << 20);
    let written = client
        .write_file_from(&file(&path, b""), &mut &content[..])
        .await
        .unwrap();
    assert_eq!(written, 64 << 20);
    assert!(fs::read(&path).unwrap() == content);
    let mut copy = tokio::fs::File::create(daemon.path("copy")).await.unwrap();
    assert_eq!(
        client.read_file_to(&path, &mut copy).await.unwrap(),
        64 << 20
    );
    drop(copy);
    assert!(fs::read(daemon.path("copy")).unwrap() == content);
}

#[tokio::test]
async fn what_is_in_memory_goes_before_what_is_streamed() {
    let daemon = Daemon::start().await;
    let path = daemon.text("file");
    let written = daemon
        .client
        .write_file_from(&file(&path, b"head "), &mut &b"and tail"[..])
        .await
        .unwrap();
    assert_eq!(written, 13);
    assert_eq!(fs::read(&path).unwrap(), b"head and tail");
}

#[tokio::test]
async fn more_than_may_be_kept_in_memory_is_an_error() {
    let daemon = Daemon::start().await;
    let path = daemon.text("large");
    fs::write(&path, noise(200_000)).unwrap();
    let limits = charmwright::pebble::Limits {
        in_memory: 100_000,
        ..Default::default()
    };
    let client = Client::with_limits(daemon.client.socket(), limits);
    let error = client.read_file(&path).await.unwrap_err();
    assert!(matches!(error, Error::Protocol(_)), "{error:?}");
    assert_eq!(
        client.read_file_to(&path, &mut Vec::new()).await.unwrap(),
        200_000
    );
}

/// Yields a megabyte and then fails.
struct Failing(usize);

impl AsyncRead for Failing {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        if self.0 == 0 {
            return std::task::Poll::Ready(Err(std::io::Error::other("the source failed")));
        }
        let length = buffer.remaining().min(self.0);
        buffer.put_slice(&vec![b'x'; length]);
        self.0 -= length;
        std::task::Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_source_that_fails_leaves_the_file_as_it_was() {
    let daemon = Daemon::start().await;
    let client = &daemon.client;
    let path = daemon.text("file");
    client.write_files(&[file(&path, b"before")]).await.unwrap();
    let error = client
        .write_file_from(&file(&path, b""), &mut Failing(1 << 20))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Local { .. }), "{error:?}");
    client.system_info().await.unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"before");
}

#[tokio::test]
async fn a_stream_for_a_file_that_cannot_be_written_ends_in_the_files_error() {
    let daemon = Daemon::start().await;
    let path = daemon.text("no/such/directory/file");
    let content = noise(8 << 20);
    let result = daemon
        .client
        .write_file_from(&file(&path, b""), &mut &content[..])
        .await;
    assert_eq!(failure(result).0, FileErrorKind::NotFound);
}

#[tokio::test]
async fn modes_and_parents_are_as_asked() {
    let daemon = Daemon::start().await;
    let client = &daemon.client;
    let path = daemon.text("file");
    client.write_files(&[file(&path, b"1")]).await.unwrap();
    assert_eq!(mode(&path), 0o644);
    for permissions in [0o600, 0o755, 0o040] {
        let file = WriteFile {
            permissions: Some(permissions),
            ..file(&path, b"2")
        };
        client.write_files(&[file]).await.unwrap();
        assert_eq!(mode(&path), permissions);
    }
    client.write_files(&[file(&path, b"3")]).await.unwrap();
    assert_eq!(mode(&path), 0o644, "not said means 644 again");

    let sticky = WriteFile {
        permissions: Some(0o1755),
        ..file(&path, b"4")
    };
    let (kind, message) = failure(client.write_files(&[sticky]).await);
    assert_eq!(kind, FileErrorKind::Generic);
    assert_eq!(
        message,
        "permissions must be a 3-digit octal string, got \"1755\""
    );
    assert_eq!(fs::read(&path).unwrap(), b"3");

    let deep = daemon.text("x/y/z");
    assert_eq!(
        failure(client.write_files(&[file(&deep, b"")]).await).0,
        FileErrorKind::NotFound
    );
    let with_parents = WriteFile {
        make_dirs: true,
        ..file(&deep, b"deep")
    };
    client.write_files(&[with_parents]).await.unwrap();
    assert_eq!(fs::read(&deep).unwrap(), b"deep");
    assert_eq!(mode(&daemon.text("x/y")), 0o755);
}

#[tokio::test]
async fn owners_are_as_asked() {
    let daemon = Daemon::start().await;
    let client = &daemon.client;
    let name = if is_root() {
        "nobody".to_owned()
    } else {
        user()
    };
    let owner = nix::unistd::User::from_name(&name).unwrap().unwrap();
    let path = daemon.text("new/file");
    let owned = WriteFile {
        make_dirs: true,
        user: Some(name.clone()),
        ..file(&path, b"")
    };
    client
        .write_files(std::slice::from_ref(&owned))
        .await
        .unwrap();
    for path in [&path, &daemon.text("new")] {
        let metadata = fs::metadata(path).unwrap();
        assert_eq!(
            (metadata.uid(), metadata.gid()),
            (owner.uid.as_raw(), owner.gid.as_raw()),
            "the user's own group"
        );
    }
    let info = client
        .list_files(&path, None, true)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(
        (info.user.as_deref(), info.user_id),
        (Some(&*name), Some(owner.uid.as_raw()))
    );
    assert_eq!(info.group_id, Some(owner.gid.as_raw()));

    client.write_files(&[file(&path, b"")]).await.unwrap();
    let daemon_user = nix::unistd::geteuid().as_raw();
    assert_eq!(
        fs::metadata(&path).unwrap().uid(),
        daemon_user,
        "not said means the daemon's"
    );

    for (user, group, text) in [
        (Some("no-such-user"), None, "unknown user no-such-user"),
        (
            Some(&*name),
            Some("no-such-group"),
            "unknown group no-such-group",
        ),
        (None, Some("root"), "must specify user, not just group"),
    ] {
        let bad = WriteFile {
            user: user.map(str::to_owned),
            group: group.map(str::to_owned),
            ..file(&path, b"")
        };
        let (kind, message) = failure(client.write_files(&[bad]).await);
        assert_eq!(kind, FileErrorKind::Generic);
        assert!(message.contains(text), "{message}");
    }
}

#[tokio::test]
async fn one_file_that_fails_does_not_keep_the_others_from_being_written() {
    let daemon = Daemon::start().await;
    let (bad, good) = (daemon.text("no/dir"), daemon.text("good"));
    let files = [file(&bad, b"1"), file(&good, b"2")];
    let error = daemon.client.write_files(&files).await.unwrap_err();
    let Error::File(error) = error else {
        panic!("{error:?}");
    };
    assert_eq!(error.path, bad);
    assert_eq!(fs::read(&good).unwrap(), b"2");
    daemon.client.write_files(&[]).await.unwrap();
}
