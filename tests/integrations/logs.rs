//! What the app prints, forwarded by Pebble.

use crate::integration::Integration;
use crate::model::Model;

pub const LOKI: Integration = Integration {
    endpoint: "logging",
    interface: None,
    application: "loki-k8s",
    provides: "logging",
    variables: &[],
    properties: &[],
    request: None,
    works: forwards_its_lines,
};

fn forwards_its_lines(model: &Model) {
    let loki = model.address(LOKI.application);
    let line = format!("{} {} ", model.app.unit(0), model.app.framework.name);
    model.until("a line of the app has come", || {
        let (_, page) = model.curl(&[&loki]);
        page.lines().any(|it| it.starts_with(&line)).then_some(())
    });
}
