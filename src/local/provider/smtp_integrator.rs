//! What the description of `smtp-integrator` cannot say.

use serde_json::{Value, json};

use super::View;

/// The server's program.
const SCRIPT: &str = include_str!("../../../metadata/providers/smtp-integrator/mail.py");

/// Checks the options and derives what is not in them.
///
/// # Errors
/// An option has a value that the charm refuses: one line.
pub(super) fn code(view: &View) -> Result<Value, String> {
    let option = |name: &str| {
        view.config
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    for (name, allowed) in [
        ("auth_type", &["none", "plain"][..]),
        ("transport_security", &["none", "starttls", "tls"]),
    ] {
        if !allowed.contains(&option(name)) {
            return Err(format!(
                "option `{name}` is `{}`; it may be {}",
                option(name),
                allowed.join(", ")
            ));
        }
    }
    let port = view
        .config
        .get("port")
        .and_then(Value::as_u64)
        .unwrap_or_default();
    if !(1..=65535).contains(&port) {
        return Err(format!("option `port` is {port}; it may be 1 to 65535"));
    }
    let host = match option("host") {
        "" => format!("{}.{}.svc.cluster.local", view.application, view.model),
        host => host.to_owned(),
    };
    let recipients: Vec<&str> = option("recipients").split(',').map(str::trim).collect();
    let recipients = recipients
        .iter()
        .any(|it| !it.is_empty())
        .then(|| json!(recipients));
    let plain = option("transport_security") == "none";
    Ok(json!({
        "host": host,
        "recipients": recipients,
        "script": SCRIPT,
        // The certificate is the server's own.
        "skip_ssl_verify": if plain { "False" } else { "True" },
    }))
}
