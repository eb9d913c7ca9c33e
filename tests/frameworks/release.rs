//! The next version: another image, another charm, another column.

use crate::app::App;
use crate::units::UNITS;

pub fn refreshes_to_the_next_version(app: &App) {
    let key = app.get("/key");
    becomes_the_next_version(app, &UNITS);
    for unit in UNITS {
        let url = app.url(unit, "/key");
        app.journey.answers(&url, 200, &key);
        assert_eq!(
            app.migrations(unit),
            2,
            "migrations that ran on unit {unit}"
        );
    }
    assert_eq!(app.get("/visitors"), "7");
    app.ticks(&[0], &UNITS);
}

/// With one unit, which has two visitors.
pub fn refreshes_alone(app: &App) {
    becomes_the_next_version(app, &[0]);
    assert_eq!(app.migrations(0), 2, "migrations that ran");
    assert_eq!(app.get("/visitors"), "3");
    app.ticks(&[0], &[0]);
}

fn becomes_the_next_version(app: &App, units: &[u32]) {
    let next = format!("{}/next", app.framework.name);
    app.journey.copy_app(&next, &app.journey.cwd);
    app.pack_charm();
    app.with_charm_and_image(&["refresh", &app.name, "--path"]);
    for unit in units {
        app.journey.answers(&app.url(*unit, "/version"), 200, "2");
    }
    app.settles("active", "");
}
