//! Every app uses every integration for real: each with its server in the local model, until the relation is gone.
//!
//! A framework is a test of three lines, an integration a file with a constant, listed here.

#![allow(clippy::unwrap_used)] // A test that unwraps has failed.

#[allow(dead_code)] // It is that of another journey too.
#[path = "../frameworks/app.rs"]
mod app;
mod caches;
#[allow(dead_code)]
#[path = "../frameworks/database.rs"]
mod database;
#[allow(dead_code)]
#[path = "../frameworks/framework.rs"]
mod framework;
mod integration;
#[path = "../journey/mod.rs"]
mod journey;
mod logins;
mod logs;
mod mails;
mod messages;
mod metrics;
mod model;
mod objects;
mod permissions;
mod proxies;
mod spans;

use std::time::Instant;

use database::POSTGRESQL;
use framework::Framework;
use integration::Integration;
use model::Model;

/// What every app is related to at first, all at once.
const ALL: [&Integration; 9] = [
    &caches::REDIS,
    &logins::OIDC,
    &logs::LOKI,
    &mails::SMTP,
    &messages::RABBITMQ,
    &metrics::PROMETHEUS,
    &objects::S3,
    &spans::TRACING,
    &caches::VALKEY,
];

/// What also takes another one's place, or its way: first the one that goes, then the one that comes.
const THEN: (&Integration, &Integration) = (&caches::REDIS, &proxies::HTTP_PROXY);

/// The journey of an app, with what only some apps do.
fn uses(framework: &'static Framework, more: &[&'static Integration]) {
    let first = [&ALL[..], more].concat();
    let start = Instant::now();
    let stage = |name: &str| eprintln!("{}: {name}: {:.1?}", framework.name, start.elapsed());
    let (gone, new) = THEN;
    let model = Model::deploy(framework, &POSTGRESQL, &[&first[..], &[new]].concat());
    stage("deployed");
    model.relate(&first);
    stage("related");
    // The second cache has its turn when the first one is gone.
    for integration in first
        .iter()
        .filter(|it| it.endpoint != caches::VALKEY.endpoint)
    {
        (integration.works)(&model);
        stage(integration.endpoint);
    }
    model.replace(gone, new);
    stage("replaced");
    for integration in [&caches::VALKEY, new] {
        (integration.works)(&model);
        stage(integration.endpoint);
    }
    model.remove_all();
    stage("removed");
    model.app.journey.destroy();
    stage("destroyed");
}

#[test]
fn a_django_app_uses_all_integrations() {
    uses(&framework::DJANGO, &[]);
}

#[test]
fn a_fastapi_app_uses_all_integrations() {
    uses(&framework::FASTAPI, &[&permissions::OPENFGA]);
}

#[test]
fn a_flask_app_uses_all_integrations() {
    uses(&framework::FLASK, &[]);
}

#[test]
fn an_express_app_uses_all_integrations() {
    uses(&framework::EXPRESSJS, &[]);
}

#[test]
fn a_go_app_uses_all_integrations() {
    uses(&framework::GO, &[&permissions::OPENFGA]);
}

#[test]
fn a_spring_boot_app_uses_all_integrations() {
    uses(&framework::SPRING_BOOT, &[]);
}
