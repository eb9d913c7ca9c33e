//! Three units.

use crate::app::App;

pub const UNITS: [u32; 3] = [0, 1, 2];

pub fn scales_to_three(app: &App) {
    app.journey.local(&["add-unit", &app.name, "-n", "2"]);
    app.journey.until("there are three units", |status| {
        let units = status["applications"][&app.name]["units"].as_object();
        units.is_some_and(|units| units.len() == UNITS.len())
    });
    app.settles("active", "");
    for unit in UNITS {
        assert!(
            app.journey
                .responds(&app.url(unit, "/"), "a greeting", |(status, _)| *status
                    == 200)
                == "Hello, world!"
        );
        assert_eq!(
            app.migrations(unit),
            1,
            "migrations that ran on unit {unit}"
        );
        assert_eq!(app.get_from(unit, "/key"), app.get("/key"), "unit {unit}");
    }
    app.ticks(&[0], &UNITS);
    assert_eq!(app.get_from(2, "/visitors"), "5");
    assert_eq!(app.get_from(1, "/visitors"), "6");
}

pub fn rotates_their_key(app: &App) {
    let before = app.get("/key");
    let leader = format!("{}/leader", app.name);
    app.journey.local(&["run", &leader, "rotate-secret-key"]);
    let keys = UNITS.map(|unit| {
        let url = app.url(unit, "/key");
        app.journey.responds(&url, "another key", |(status, body)| {
            *status == 200 && *body != before
        })
    });
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    app.settles("active", "");
    app.ticks(&[0], &UNITS);
}
