//! The next version: another image, another charm, another column.

use crate::app::App;
use crate::units::UNITS;

pub fn refreshes_to_the_next_version(app: &App) {
    let key = app.get("/key");
    let next = format!("{}/next", app.framework.name);
    app.journey.copy_app(&next, &app.journey.cwd);
    app.pack_charm();
    app.with_charm_and_image(&["refresh", &app.name, "--path"]);
    for unit in UNITS {
        app.journey
            .responds(&app.url(unit, "/version"), "version 2", |answer| {
                *answer == (200, "2".into())
            });
    }
    app.settles("active", "");
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
