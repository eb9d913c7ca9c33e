//! `smtp-integrator`, with a real mail server.

use charmwright::local::provider::{Provider, Update, View};
use serde_json::json;

use super::talk::{curl, is_private, port, provider, python};
use super::{Bag, bag, relation, run, view};

/// Sends a mail as an application does with what its environment says; prints what it was refused with.
const SEND: &str = r#"
import json, smtplib, ssl, sys
from email.message import EmailMessage
given = json.load(sys.stdin)
if given["security"] == "tls":
    context = ssl._create_unverified_context()
    server = smtplib.SMTP_SSL("127.0.0.1", given["port"], timeout=30, context=context)
else:
    server = smtplib.SMTP("127.0.0.1", given["port"], timeout=30)
if given["security"] == "starttls":
    server.starttls(context=ssl._create_unverified_context())
try:
    if given["user"]:
        server.login(given["user"], given["password"])
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "web@example.com", "person@example.org", given["subject"]
    mail.set_content("Grüße")
    server.send_message(mail)
except (smtplib.SMTPResponseException, smtplib.SMTPNotSupportedError) as error:
    print(error.args[0])
"#;

async fn send(update: &Update, bag: &Bag, user: &str, password: &str, subject: &str) -> String {
    let given = json!({
        "port": port(update, 2525), "security": bag["transport_security"], "user": user, "password": password,
        "subject": subject,
    });
    python(SEND, &given).await.trim().to_owned()
}

async fn mails(update: &Update) -> String {
    curl(&[&update.addresses[0]], "").await.1
}

fn defaults(view: &mut View) {
    for (option, default) in provider("smtp-integrator").charm().options {
        if let Some(value) = default.default {
            view.config
                .insert(option, serde_json::to_value(value).unwrap());
        }
    }
}

fn related(directory: &std::path::Path) -> View {
    let mut view = view("mail", directory);
    defaults(&mut view);
    view.relations
        .insert(2, relation("smtp", "smtp", Bag::new()));
    view.relations
        .insert(5, relation("smtp-legacy", "smtp", Bag::new()));
    view
}

async fn start(provider: &mut dyn Provider, view: &View) -> Update {
    let update = provider.reconcile(view).await.unwrap();
    assert_eq!(update.status.status, "active", "{}", update.status.message);
    update
}

#[test]
fn a_mail_is_received_with_the_password_of_the_secret_or_of_the_bag() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let mut server = provider("smtp-integrator");
        let update = start(server.as_mut(), &related(directory.path())).await;
        let host = "mail.demo.svc.cluster.local";
        let mut expected = bag(&[
            ("auth_type", "plain"),
            ("domain", "example.com"),
            ("host", host),
            ("password_id", "secret://smtp.2.password.secret"),
            ("port", "2525"),
            ("skip_ssl_verify", "False"),
            ("transport_security", "none"),
            ("user", "user"),
        ]);
        assert_eq!(update.application_bags[&2], expected);
        let password = &update.secrets["smtp.2.password.secret"].content["password"];
        expected.remove("password_id");
        expected.insert("password".into(), password.clone());
        assert_eq!(update.application_bags[&5], expected);
        assert!(update.services[0].hostnames.contains(&host.to_owned()));
        assert_eq!(mails(&update).await, "no mail yet\n");
        assert_eq!(send(&update, &expected, "", "", "none").await, "530");
        assert_eq!(
            send(&update, &expected, "user", "wrong", "wrong").await,
            "535"
        );
        assert_eq!(send(&update, &expected, "user", password, "one").await, "");
        assert_eq!(
            send(&update, &expected, "user@example.com", password, "zwölf").await,
            ""
        );
        let page = mails(&update).await;
        assert!(
            page.contains("To: person@example.org\n  Subject: zwölf\n"),
            "{page}"
        );
        assert!(page.find("zwölf") < page.find("Subject: one"), "{page}");
        assert!(!page.contains("wrong"), "{page}");
        let name = page.lines().next().unwrap();
        let (status, mail) = curl(&[&format!("{}{name}", update.addresses[0])], "").await;
        assert_eq!(status, 200);
        assert!(mail.contains("X-RcptTo: person@example.org"), "{mail}");
        server.stop(false).await;
        is_private(&directory.path().join("data/mail/new").join(&name[1..]));
        is_private(&directory.path().join("settings.json"));
        let update = start(server.as_mut(), &related(directory.path())).await;
        assert_eq!(mails(&update).await, page);
        server.stop(true).await;
    });
}

#[test]
fn the_connection_is_encrypted_as_the_option_says() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let mut server = provider("smtp-integrator");
        let mut view = related(directory.path());
        for security in ["starttls", "tls"] {
            view.config
                .insert("transport_security".into(), security.into());
            let update = start(server.as_mut(), &view).await;
            let bag = &update.application_bags[&5];
            assert_eq!(bag["transport_security"], security);
            // Nobody knows the certificate.
            assert_eq!(bag["skip_ssl_verify"], "True");
            assert_eq!(
                send(&update, bag, "user", &bag["password"], security).await,
                ""
            );
            assert!(mails(&update).await.contains(security));
        }
        server.stop(true).await;
    });
}

#[test]
fn without_a_login_there_is_no_user_and_wrong_options_are_told() {
    let directory = tempfile::tempdir().unwrap();
    run(async {
        let mut server = provider("smtp-integrator");
        let mut view = related(directory.path());
        for (option, value) in [
            ("auth_type", "none"),
            ("recipients", "a@example.org, b@example.org"),
            ("smtp_sender", "web@example.com"),
        ] {
            view.config.insert(option.into(), value.into());
        }
        let update = start(server.as_mut(), &view).await;
        let bag = &update.application_bags[&2];
        assert_eq!(bag["auth_type"], "none");
        assert_eq!(bag["recipients"], r#"["a@example.org","b@example.org"]"#);
        assert_eq!(bag["smtp_sender"], "web@example.com");
        for key in ["user", "password", "password_id"] {
            assert!(!bag.contains_key(key), "{key}");
        }
        assert_eq!(send(&update, bag, "", "", "open").await, "");
        for (option, value) in [
            ("transport_security", "ssl"),
            ("auth_type", "login"),
            ("port", "0"),
        ] {
            let mut wrong = view.clone();
            let value = value
                .parse()
                .map_or(json!(value), |number: u32| json!(number));
            wrong.config.insert(option.into(), value);
            let error = server.reconcile(&wrong).await.unwrap_err();
            assert!(error.contains(&format!("`{option}`")), "{error}");
        }
        server.stop(true).await;
    });
}
