//! The same journey with a real app of every framework, from its first deployment to the loss and return of its database.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

mod app;
mod database;
mod framework;
mod healing;
#[path = "../journey/mod.rs"]
mod journey;
mod life;
mod release;
mod units;

use std::time::Instant;

use app::App;
use database::{Database, MYSQL, POSTGRESQL};
use framework::Framework;

/// What happens to every app, in this order, on one model.
const STAGES: [(&str, fn(&App)); 13] = [
    ("starts with its database", life::starts_with_its_database),
    ("answers every path", life::answers_every_path),
    ("shows its metrics", life::shows_its_metrics),
    ("changes its greeting", life::changes_its_greeting),
    ("outlives a wrong option", life::outlives_a_wrong_option),
    ("idles", life::idles),
    ("rotates its key", life::rotates_its_key),
    ("scales to three", units::scales_to_three),
    ("rotates their key", units::rotates_their_key),
    ("refreshes", release::refreshes_to_the_next_version),
    ("loses a process", healing::its_process_is_killed),
    ("loses a container", healing::its_container_is_lost),
    (
        "loses its database",
        healing::its_database_goes_and_comes_back,
    ),
];

fn goes_through_its_life(
    framework: &'static Framework,
    database: &'static Database,
    own: &[(&str, fn(&App))],
) {
    let app = App::pack(framework, database);
    for (name, stage) in STAGES.iter().chain(own) {
        let start = Instant::now();
        stage(&app);
        eprintln!("{}: {name}: {:.1?}", app.name, start.elapsed());
    }
    app.journey.destroy();
}

#[test]
fn a_django_app_goes_through_its_life() {
    goes_through_its_life(
        &framework::DJANGO,
        &POSTGRESQL,
        &[("creates superusers", life::creates_superusers)],
    );
}

#[test]
fn a_django_app_goes_through_its_life_on_mysql() {
    goes_through_its_life(&framework::DJANGO, &MYSQL, &[]);
}

#[test]
fn an_express_app_goes_through_its_life() {
    goes_through_its_life(&framework::EXPRESSJS, &POSTGRESQL, &[]);
}

#[test]
fn a_fastapi_app_goes_through_its_life() {
    goes_through_its_life(&framework::FASTAPI, &POSTGRESQL, &[]);
}

#[test]
fn a_flask_app_goes_through_its_life() {
    goes_through_its_life(&framework::FLASK, &POSTGRESQL, &[]);
}

#[test]
fn a_go_app_goes_through_its_life() {
    goes_through_its_life(&framework::GO, &POSTGRESQL, &[]);
}

#[test]
fn a_spring_boot_app_goes_through_its_life() {
    goes_through_its_life(&framework::SPRING_BOOT, &POSTGRESQL, &[]);
}

#[test]
fn a_spring_boot_app_goes_through_its_life_on_mysql() {
    goes_through_its_life(&framework::SPRING_BOOT, &MYSQL, &[]);
}
