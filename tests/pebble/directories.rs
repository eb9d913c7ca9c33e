//! Directories: made, listed and removed.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use charmwright::pebble::{Error, FileErrorKind, FileType, MakeDir};

use crate::daemon::{Daemon, user};
use crate::files::{failure, mode};

#[tokio::test]
async fn directories_are_made_as_asked() {
    let daemon = Daemon::start().await;
    let client = &daemon.client;
    let dir = |name: &str, make_parents| MakeDir {
        path: daemon.text(name),
        make_parents,
        ..MakeDir::default()
    };
    client.make_dirs(&[dir("a", false)]).await.unwrap();
    assert_eq!(mode(&daemon.text("a")), 0o755);
    let (kind, message) = failure(client.make_dirs(&[dir("a", false)]).await);
    assert_eq!(kind, FileErrorKind::Generic);
    assert!(message.ends_with("file exists"), "{message}");
    client.make_dirs(&[dir("a", true)]).await.unwrap();
    assert_eq!(
        failure(client.make_dirs(&[dir("b/c", false)]).await).0,
        FileErrorKind::NotFound
    );
    let private = MakeDir {
        permissions: Some(0o700),
        ..dir("b/c", true)
    };
    client.make_dirs(&[private, dir("d", false)]).await.unwrap();
    assert_eq!(mode(&daemon.text("b/c")), 0o700);
    assert!(daemon.path("d").is_dir());
    let again = MakeDir {
        permissions: Some(0o755),
        ..dir("b/c", true)
    };
    client.make_dirs(&[again]).await.unwrap();
    assert_eq!(
        mode(&daemon.text("b/c")),
        0o700,
        "an existing one keeps its mode"
    );
    let relative = MakeDir {
        path: "rel".into(),
        ..MakeDir::default()
    };
    assert_eq!(
        failure(client.make_dirs(&[relative]).await),
        (
            FileErrorKind::Generic,
            "paths must be absolute, got \"rel\"".into()
        )
    );
    let owned = MakeDir {
        user: Some(user()),
        ..dir("owned", false)
    };
    client.make_dirs(&[owned]).await.unwrap();
}

#[tokio::test]
async fn files_and_directories_are_removed() {
    let daemon = Daemon::start().await;
    let client = &daemon.client;
    let (one, missing, tree) = (
        daemon.text("file"),
        daemon.text("nope"),
        daemon.text("tree"),
    );
    fs::write(&one, "").unwrap();
    client.remove(&[&one], false).await.unwrap();
    assert!(!daemon.path("file").exists());
    assert_eq!(
        failure(client.remove(&[&missing], false).await).0,
        FileErrorKind::NotFound
    );
    client.remove(&[&missing], true).await.unwrap();
    fs::create_dir_all(daemon.path("tree/below")).unwrap();
    assert_eq!(
        failure(client.remove(&[&tree], false).await).0,
        FileErrorKind::Generic
    );
    client.remove(&[&tree], true).await.unwrap();
    assert!(!daemon.path("tree").exists());
    assert_eq!(
        failure(client.remove(&["rel"], true).await).0,
        FileErrorKind::Generic
    );
}

#[tokio::test]
async fn directories_are_listed_with_what_is_in_them() {
    let daemon = Daemon::start().await;
    let client = &daemon.client;
    fs::create_dir_all(daemon.path("d/sub")).unwrap();
    fs::write(daemon.path("d/app.py"), "12345").unwrap();
    fs::set_permissions(daemon.path("d/app.py"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("app.py", daemon.path("d/link")).unwrap();
    drop(std::os::unix::net::UnixListener::bind(daemon.path("d/sock")).unwrap());
    nix::unistd::mkfifo(&daemon.path("d/pipe"), nix::sys::stat::Mode::S_IRUSR).unwrap();
    let path = daemon.text("d");

    for path in [path.clone(), format!("{path}/")] {
        let entries = client.list_files(&path, None, false).await.unwrap();
        let kinds: Vec<_> = entries
            .iter()
            .map(|entry| (entry.name.as_str(), entry.r#type))
            .collect();
        assert_eq!(
            kinds,
            [
                ("app.py", FileType::File),
                ("link", FileType::Symlink),
                ("pipe", FileType::NamedPipe),
                ("sock", FileType::Socket),
                ("sub", FileType::Directory),
            ]
        );
        assert_eq!((entries[0].size, entries[0].permissions), (Some(5), 0o640));
        assert_eq!(entries[0].path, daemon.text("d/app.py"));
        assert_eq!(entries[4].size, None);
        let itself = client.list_files(&path, None, true).await.unwrap();
        assert_eq!(itself.len(), 1);
        assert_eq!(
            (&*itself[0].path, &*itself[0].name),
            (&*daemon.text("d"), "d")
        );
    }

    let python = client.list_files(&path, Some("*.py"), false).await.unwrap();
    assert_eq!(python.len(), 1);
    let followed = client
        .list_files(&daemon.text("d/link"), None, false)
        .await
        .unwrap();
    assert_eq!(
        (followed[0].r#type, followed[0].size),
        (FileType::File, Some(5))
    );
    let device = client.list_files("/dev/null", None, true).await.unwrap();
    assert_eq!(device[0].r#type, FileType::Device);
    assert_eq!(
        client.list_files("/", None, true).await.unwrap()[0].path,
        "/"
    );
    assert_eq!(
        client
            .list_files(&daemon.text("d/sub"), None, false)
            .await
            .unwrap(),
        []
    );
}

#[tokio::test]
async fn what_cannot_be_listed_says_why() {
    let daemon = Daemon::start().await;
    let client = &daemon.client;
    let (kind, message) = failure(client.list_files("/nope", None, false).await);
    assert_eq!(
        (kind, &*message),
        (
            FileErrorKind::NotFound,
            "stat /nope: no such file or directory"
        )
    );
    let Err(Error::Refused(error)) = client.list_files("rel", None, false).await else {
        panic!("it was listed");
    };
    assert_eq!(
        (error.status, &*error.message),
        (400, "path must be absolute, got \"rel\"")
    );
    assert!(!client.exists(&daemon.text("nope")).await.unwrap());
    assert!(client.exists(&daemon.text("pebble")).await.unwrap());
    symlink("nowhere", daemon.path("dangling")).unwrap();
    assert!(!client.exists(&daemon.text("dangling")).await.unwrap());
    assert!(client.exists("rel").await.is_err());
}
