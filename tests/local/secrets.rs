//! Secrets of users and of stand-ins.

use super::model::Model;

#[test]
fn a_user_secret_reaches_the_charm_once_it_is_granted() {
    let model = Model::with_demo();
    let out = model.root().display().to_string();
    std::fs::write(model.project().join("key.txt"), "s3cret").unwrap();
    let uri = model.ok(&["secret", "add", "key", "value#file=key.txt"]);
    let uri = uri.trim();
    assert!(uri.starts_with("secret:"), "{uri}");
    model.hook(
        "config-changed",
        &format!(
            "secret-get $(config-get key) --format=json > {out}/content 2> {out}/problem || true"
        ),
    );
    model.ok(&["config", "demo", &format!("key={uri}")]);
    model.wait();
    assert!(
        model.left("problem").contains("permission denied"),
        "{}",
        model.left("problem")
    );
    model.ok(&["secret", "grant", "key", "demo"]);
    model.ok(&["fire", "demo/0", "config-changed"]);
    assert_eq!(model.left("content").trim(), r#"{"value":"s3cret"}"#);

    model.forget_events();
    model.hook(
        "secret-changed",
        &format!("secret-get $JUJU_SECRET_ID --refresh --format=json > {out}/content"),
    );
    assert_eq!(
        model.ok(&["secret", "add", "key", "value=other"]).trim(),
        uri
    );
    model.wait();
    assert_eq!(model.events("demo/0"), ["secret-changed"]);
    assert_eq!(model.left("content").trim(), r#"{"value":"other"}"#);
    assert!(
        model
            .refused(&["secret", "grant", "nothing", "demo"])
            .contains("secret \"nothing\" not found")
    );
}

#[test]
fn a_stand_ins_secret_is_granted_to_whom_it_is_related_with() {
    let model = Model::with_demo();
    let out = model.root().join("content").display().to_string();
    model.hook(
        "mail-relation-changed",
        &format!("id=$(relation-get --app password_id $JUJU_REMOTE_APP); [ -z \"$id\" ] || secret-get $id password > {out}"),
    );
    let provide = |secret: &str| {
        model.ok(&[
            "provide",
            "smtp",
            "--app-data",
            "password_id=secret://pw",
            "--secret",
            secret,
        ])
    };
    provide("pw:password=one");
    model.ok(&["integrate", "demo", "smtp"]);
    model.wait();
    assert_eq!(model.left("content").trim(), "one");
    model.hook(
        "secret-changed",
        &format!("secret-get $JUJU_SECRET_ID --refresh password > {out}"),
    );
    provide("pw:password=two");
    model.wait();
    assert_eq!(model.left("content").trim(), "two");
    let said = model.refused(&["provide", "smtp", "--app-data", "x=secret://missing"]);
    assert!(said.contains("secret://missing"), "{said}");
}

#[test]
fn secrets_are_in_no_log_and_closed_to_others() {
    use std::os::unix::fs::PermissionsExt;
    let model = Model::with_demo();
    model.ok(&["secret", "add", "key", "value=s3cret-content"]);
    model.ok(&["secret", "grant", "key", "demo"]);
    model.ok(&["fire", "demo/0", "update-status"]);
    let state = model.project().join(".charmwright");
    for entry in std::fs::read_dir(state.join("logs")).unwrap().flatten() {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        assert!(!text.contains("s3cret-content"), "{:?}", entry.path());
        assert_eq!(
            entry.metadata().unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    assert_eq!(mode(&state.join("model.json")), 0o600);
}
