//! Mails by SMTP.

use crate::integration::Integration;
use crate::model::Model;

pub const SMTP: Integration = Integration {
    endpoint: "smtp",
    interface: Some("smtp"),
    application: "smtp-integrator",
    provides: "smtp",
    variables: &["SMTP_HOST", "SMTP_PASSWORD", "SMTP_USER"],
    properties: &["spring.mail.host"],
    request: Some(("POST", "/mail?to=ada@example.org")),
    works: sends_mails,
};

fn sends_mails(model: &Model) {
    model.ask_ok("POST", "/mail?to=ada@example.org", "A visitor has come.");
    let inbox = model.address(SMTP.application);
    let (_, list) = model.curl(&[&inbox]);
    let subject = format!("Subject: From {}\n", model.app.name);
    assert!(list.contains(&subject), "{list}");
    let name = list.lines().next().unwrap();
    let (status, mail) = model.curl(&[&format!("{inbox}{name}")]);
    assert_eq!(status, 200);
    assert!(mail.contains("X-RcptTo: ada@example.org"), "{mail}");
    assert!(mail.contains("A visitor has come."), "{mail}");
}
