//! Logins by OpenID Connect: a browser comes through the ingress, and logs in at the provider's form.

use std::path::Path;

use crate::integration::Integration;
use crate::model::Model;

pub const OIDC: Integration = Integration {
    endpoint: "oidc",
    interface: Some("oauth"),
    application: "hydra",
    provides: "oauth",
    variables: &["X_OIDC_CLIENT_ID", "X_OIDC_CLIENT_SECRET"],
    properties: &["spring.security.oauth2.client.registration.oidc.client-id"],
    request: Some(("GET", "/login")),
    works: lets_people_log_in,
};

fn lets_people_log_in(model: &Model) {
    let front = model.front();
    let cookies = tempfile::NamedTempFile::new().unwrap();
    let me = format!("{front}/me");
    assert_eq!(browse(model, cookies.path(), &[&me]).status, 401);
    let form = browse(model, cookies.path(), &[&format!("{front}/login")]);
    let provider = model.address(OIDC.application);
    assert!(form.url.starts_with(&provider), "{}", form.url);
    assert!(form.body.contains(r#"type="password""#), "{}", form.body);
    let password = model.file_of(OIDC.application, "password");
    let password = format!("password={}", password.trim());
    let filled = [
        "--data",
        "login=user@example.com",
        "--data",
        &password,
        &form.url,
    ];
    let back = browse(model, cookies.path(), &filled);
    assert!(back.url.starts_with(&front), "{}: {}", back.url, back.body);
    let answer = browse(model, cookies.path(), &[&me]);
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, "user@example.com")
    );
    // Another browser knows nothing of it.
    assert_eq!(model.curl(&[&me]).0, 401);
}

struct Page {
    status: u16,
    /// Where the browser has come to.
    url: String,
    body: String,
}

/// Follows redirects, and keeps cookies.
fn browse(model: &Model, cookies: &Path, arguments: &[&str]) -> Page {
    let cookies = cookies.to_str().unwrap();
    let mut all = vec!["--location", "--cookie", cookies, "--cookie-jar", cookies];
    all.extend(["--write-out", "\n%{url_effective}\n%{http_code}"]);
    all.extend(arguments);
    let (status, text) = model.curl(&all);
    let (body, url) = text.rsplit_once('\n').unwrap();
    Page {
        status,
        url: url.into(),
        body: body.into(),
    }
}
