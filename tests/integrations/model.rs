//! An app in a model with everything that it may be related to.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::app::App;
use crate::database::Database;
use crate::framework::Framework;
use crate::integration::Integration;
use crate::journey::{PATIENCE, append};

// Asking is work as well, on a machine that has enough of it.
const PAUSE: Duration = Duration::from_millis(500);
const INGRESS: &str = "nginx-ingress-integrator";

/// The app and its model.
pub struct Model {
    pub app: App,
    integrations: Vec<&'static Integration>,
}

impl Model {
    /// The app, whose charm has the endpoints, and all applications; nothing is related.
    pub fn deploy(
        framework: &'static Framework,
        database: &'static Database,
        integrations: &[&'static Integration],
    ) -> Self {
        let app = App::copy(framework, database);
        let endpoints: Vec<String> = integrations
            .iter()
            .filter_map(|it| {
                let endpoint = it.endpoint;
                it.interface.map(|interface| {
                    format!("  {endpoint}: {{interface: {interface}, optional: true, limit: 1}}\n")
                })
            })
            .collect();
        // The last section of each of them is `requires`.
        append(
            &app.journey.cwd.join("charm/charmcraft.yaml"),
            &endpoints.concat(),
        );
        app.pack_charm();
        // Servers start while the app is built.
        let servers = integrations.iter().map(|it| it.application);
        for application in servers.chain([database.application, INGRESS]) {
            app.journey.local(&["deploy", application]);
        }
        let host = format!("service-hostname={}.example", app.name);
        let ingress = [
            "config",
            INGRESS,
            &host,
            "path-routes=/",
            "rewrite-enabled=false",
        ];
        app.journey.local(&ingress);
        app.with_charm_and_image(&["deploy"]);
        if !framework.options.is_empty() {
            let mut command = vec!["config", &app.name];
            command.extend(framework.options);
            app.journey.local(&command);
        }
        Self {
            app,
            integrations: integrations.to_vec(),
        }
    }

    /// Relates the app to these, and to database and ingress. The database is last: until then nothing is started.
    pub fn relate(&self, integrations: &[&Integration]) {
        for integration in integrations {
            self.integrate(integration);
        }
        for application in [INGRESS, self.app.database.application] {
            self.app
                .journey
                .local(&["integrate", &self.app.name, application]);
        }
        self.has(integrations);
    }

    /// Relates the app to one and no longer to the other.
    pub fn replace(&self, gone: &Integration, new: &Integration) {
        self.integrate(new);
        self.remove(gone);
        self.has_not(&[gone]);
        self.has(&[new]);
    }

    /// Removes all relations but that of the database, which is away meanwhile: nothing is started for those in between.
    /// Then the app is as it was before them.
    pub fn remove_all(&self) {
        let related: BTreeSet<String> = self.related();
        let database = self.app.database.application;
        self.app
            .journey
            .local(&["remove-relation", &self.app.name, database]);
        for integration in &self.integrations {
            if related.contains(integration.application) {
                self.remove(integration);
            }
        }
        self.app
            .journey
            .until("relations are gone", |_| self.related().len() <= 1);
        self.app
            .journey
            .local(&["integrate", &self.app.name, database]);
        let all: Vec<&Integration> = self.integrations.clone();
        self.has_not(&all);
        self.app.journey.local(&["wait"]);
        for (method, path) in all.iter().filter_map(|it| it.request) {
            let (status, text) = self.ask(method, path, "");
            assert_eq!(status, 503, "{method} {path}: {text}");
            assert!(text.contains(" integration: "), "{method} {path}: {text}");
        }
    }

    /// The applications that the app is related to.
    fn related(&self) -> BTreeSet<String> {
        let status = self.app.journey.status();
        let relations = &status["applications"][&self.app.name]["relations"];
        let endpoints = relations.as_object().into_iter().flatten();
        let related = endpoints.flat_map(|(_, list)| list.as_array().unwrap().iter());
        related
            .filter_map(|it| it["related-application"].as_str().map(str::to_owned))
            .filter(|name| *name != self.app.name)
            .collect()
    }

    fn integrate(&self, integration: &Integration) {
        let (ours, theirs) = self.ends(integration);
        self.app.journey.local(&["integrate", &ours, &theirs]);
    }

    fn remove(&self, integration: &Integration) {
        let (ours, theirs) = self.ends(integration);
        self.app.journey.local(&["remove-relation", &ours, &theirs]);
    }

    fn ends(&self, integration: &Integration) -> (String, String) {
        (
            format!("{}:{}", self.app.name, integration.endpoint),
            format!("{}:{}", integration.application, integration.provides),
        )
    }

    /// Waits until the app runs with the variables of these, and everything is at rest.
    fn has(&self, integrations: &[&Integration]) {
        let names: Vec<String> = integrations
            .iter()
            .flat_map(|it| it.names(self.app.framework))
            .collect();
        self.until_environment(&format!("{names:?} are there"), |environment| {
            names.iter().all(|name| environment.contains_key(name))
        });
        self.app.journey.local(&["wait"]);
    }

    /// Waits until the app runs without the variables of these.
    fn has_not(&self, integrations: &[&Integration]) {
        let names: Vec<String> = integrations
            .iter()
            .flat_map(|it| it.names(self.app.framework))
            .collect();
        self.until_environment(&format!("{names:?} are gone"), |environment| {
            !names.iter().any(|name| environment.contains_key(name))
        });
    }

    /// Waits until the app's environment fulfils the condition.
    fn until_environment(&self, what: &str, condition: impl Fn(&BTreeMap<String, String>) -> bool) {
        self.until(what, || {
            let environment = self.environment();
            (!environment.is_empty() && condition(&environment)).then_some(())
        });
    }

    /// Waits until there is something.
    #[track_caller]
    pub fn until<T>(&self, what: &str, find: impl Fn() -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(found) = find() {
                return found;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "not so: {what}\n{}\n{}",
                self.app.journey.local(&["status"]),
                self.app.journey.logs(),
            );
            sleep(PAUSE);
        }
    }

    /// The variables of the app's main service, as Pebble has them; none before there is a Pebble with the service.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let plan = self.app.pebble(0, &["plan"]);
        let plan: serde_json::Value = serde_yaml::from_slice(&plan.stdout).unwrap_or_default();
        let variables = plan["services"][self.app.framework.name]["environment"].as_object();
        variables
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect()
    }

    /// Asks the app: the HTTP status and the body.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let url = self.app.url(0, path);
        self.curl(&[
            "--request",
            method,
            "--data-binary",
            body,
            "--header",
            "content-type: text/plain",
            &url,
        ])
    }

    /// The same, which must be answered with 200; the body.
    #[track_caller]
    pub fn ask_ok(&self, method: &str, path: &str, body: &str) -> String {
        let (status, text) = self.ask(method, path, body);
        assert_eq!(
            status,
            200,
            "{method} {path}: {text}\n{}",
            self.app.output_of(0)
        );
        text
    }

    /// What curl gets: the HTTP status and the body.
    pub fn curl(&self, arguments: &[&str]) -> (u16, String) {
        let output = self
            .app
            .journey
            .command("curl")
            .args([
                "--silent",
                "--max-time",
                "60",
                "--write-out",
                "\n%{http_code}",
            ])
            .args(["--connect-to", "::127.0.0.1:"])
            .args(arguments)
            .output()
            .expect("curl runs; `apt-get install curl` installs it");
        let text = String::from_utf8(output.stdout).unwrap();
        let (body, status) = text.rsplit_once('\n').unwrap();
        (status.parse().unwrap(), body.to_owned())
    }

    /// Runs a shell's command in the app's container, with the app's environment; what it printed.
    #[track_caller]
    pub fn in_container(&self, command: &str) -> String {
        let context = format!("--context={}", self.app.framework.name);
        let arguments = ["exec", &context, "--", "bash", "-c", command];
        self.app.pebble_ok(0, &arguments)
    }

    /// Where an application that is built in is reached.
    #[track_caller]
    pub fn address(&self, application: &str) -> String {
        let status = self.app.journey.status();
        let address = &status["applications"][application]["addresses"][0];
        let address = address.as_str().unwrap();
        address.trim_end_matches('/').to_owned()
    }

    /// Where the app is reached through the ingress.
    pub fn front(&self) -> String {
        self.address(INGRESS)
    }

    /// A file of an application that is built in.
    pub fn file_of(&self, application: &str, name: &str) -> String {
        let directory: PathBuf = self.app.journey.cwd.join(".charmwright/providers");
        let file = directory.join(application).join(name);
        fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }
}
