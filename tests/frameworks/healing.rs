//! What goes wrong, and heals.

use crate::app::App;
use crate::units::UNITS;

pub fn its_process_is_killed(app: &App) {
    let before = app.main_service();
    // Only in a container of its own: the first process there is not this machine's.
    let kill = format!(
        "[[ $(tr '\\0' ' ' </proc/1/cmdline) == *pebble* ]] && pkill -KILL -f '{}'",
        app.framework.process
    );
    app.pebble_ok(0, &["exec", "--", "bash", "-c", &kill]);
    app.until_pebble(0, "the main service runs again", |services| {
        let line = App::service(services, app.framework.name);
        line.contains(" active ") && line != before
    });
    app.answers("/version", "2");
    app.settles("active", "");
}

pub fn its_container_is_lost(app: &App) {
    app.journey.local(&["restart", &app.unit(0)]);
    app.answers("/version", "2");
    app.settles("active", "");
    app.ticks(&[0], &UNITS);
    assert_eq!(app.get("/visitors"), "8");
}

pub fn its_database_goes_and_comes_back(app: &App) {
    loses_its_database_for_a_while(app, &UNITS);
    // The provider keeps a database whose relation has gone.
    assert_eq!(app.get("/visitors"), "9");
    app.ticks(&[0], &UNITS);
}

/// With one unit, which has three visitors.
pub fn its_database_goes_and_comes_back_to_one_unit(app: &App) {
    loses_its_database_for_a_while(app, &[0]);
    assert_eq!(app.get("/visitors"), "4");
    app.ticks(&[0], &[0]);
}

fn loses_its_database_for_a_while(app: &App, units: &[u32]) {
    let database = app.database;
    app.journey
        .local(&["remove-relation", &app.name, database.application]);
    app.settles("blocked", database.missing);
    app.is_silent();
    for unit in units {
        for service in [app.framework.name, "tick-worker", "tick-scheduler"] {
            app.until_pebble(*unit, &format!("`{service}` is stopped"), |services| {
                App::service(services, service).contains(" inactive ")
            });
        }
    }
    app.journey
        .local(&["integrate", &app.name, database.application]);
    app.settles("active", "");
    app.answers("/", "Hello, world!");
}
