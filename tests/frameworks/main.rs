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

/// A part of an app's life, and what happens in it.
type Stage = (&'static str, fn(&App));

/// What happens to every app, in this order, on one model.
const STAGES: [Stage; 13] = [
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

/// What of it differs from database to database, with one unit.
const WITH_ITS_DATABASE: [Stage; 4] = [
    ("starts with its database", life::starts_with_its_database),
    ("answers every path", life::answers_every_path),
    ("refreshes", release::refreshes_alone),
    (
        "loses its database",
        healing::its_database_goes_and_comes_back_to_one_unit,
    ),
];

fn goes_through(framework: &'static Framework, database: &'static Database, stages: &[Stage]) {
    let app = App::pack(framework, database);
    for (name, stage) in stages {
        let start = Instant::now();
        stage(&app);
        eprintln!("{}: {name}: {:.1?}", app.name, start.elapsed());
    }
    app.journey.destroy();
}

fn goes_through_its_life(framework: &'static Framework, own: &[Stage]) {
    goes_through(framework, &POSTGRESQL, &[&STAGES, own].concat());
}

#[test]
fn a_django_app_goes_through_its_life() {
    goes_through_its_life(
        &framework::DJANGO,
        &[("creates superusers", life::creates_superusers)],
    );
}

#[test]
fn a_django_app_goes_through_its_life_on_mysql() {
    goes_through(&framework::DJANGO, &MYSQL, &STAGES);
}

#[test]
fn an_express_app_goes_through_its_life() {
    goes_through_its_life(&framework::EXPRESSJS, &[]);
}

#[test]
fn a_fastapi_app_goes_through_its_life() {
    goes_through_its_life(&framework::FASTAPI, &[]);
}

#[test]
fn a_flask_app_goes_through_its_life() {
    goes_through_its_life(&framework::FLASK, &[]);
}

#[test]
fn a_go_app_goes_through_its_life() {
    goes_through_its_life(&framework::GO, &[]);
}

#[test]
fn a_spring_boot_app_goes_through_its_life() {
    goes_through_its_life(&framework::SPRING_BOOT, &[]);
}

#[test]
fn a_spring_boot_app_lives_on_mysql() {
    goes_through(&framework::SPRING_BOOT, &MYSQL, &WITH_ITS_DATABASE);
}
