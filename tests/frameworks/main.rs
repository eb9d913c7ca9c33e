//! The same journey with a real app of every framework, from its first deployment to the loss and return of its database.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

mod app;
mod framework;
mod healing;
#[path = "../journey/mod.rs"]
mod journey;
mod life;
mod release;
mod units;

use std::time::Instant;

use app::App;
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

fn goes_through_its_life(framework: &'static Framework, own: &[(&str, fn(&App))]) {
    let app = App::pack(framework);
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
        &[("creates superusers", life::creates_superusers)],
    );
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
