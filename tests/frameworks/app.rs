//! An app of `integration/apps` in a model of its own.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::database::{Database, POSTGRESQL};
use crate::framework::Framework;
use crate::journey::{Journey, PATIENCE, pebble};

const PAUSE: Duration = Duration::from_millis(100);

/// The app, and the model that it is in.
pub struct App {
    pub journey: Journey,
    pub framework: &'static Framework,
    /// The one that its charm requires.
    pub database: &'static Database,
    /// `go-visitors`.
    pub name: String,
    charm: PathBuf,
}

impl App {
    /// Version 1 in a directory of its own, with its packed charm; nothing is deployed.
    pub fn pack(framework: &'static Framework, database: &'static Database) -> Self {
        let app = Self::copy(framework, database);
        app.pack_charm();
        app
    }

    /// The same with its charm not packed yet.
    pub fn copy(framework: &'static Framework, database: &'static Database) -> Self {
        let mut journey = Journey::new();
        let name = format!("{}-visitors", framework.name);
        let project = journey.directory().join(&name);
        journey.copy_app(&format!("{}/app", framework.name), &project);
        journey.cwd.clone_from(&project);
        // Spring Boot's extension is an experiment still.
        for tool in ["CHARMCRAFT", "ROCKCRAFT"] {
            let switch = format!("{tool}_ENABLE_EXPERIMENTAL_EXTENSIONS");
            journey.environment.push((switch, "true".into()));
        }
        let charm = project.join(format!("charm/{name}_amd64.charm"));
        Self {
            journey,
            framework,
            database,
            name,
            charm,
        }
    }

    /// Packs the charm, with an endpoint for the database.
    pub fn pack_charm(&self) {
        let metadata = self.journey.cwd.join("charm/charmcraft.yaml");
        let text = std::fs::read_to_string(&metadata).unwrap();
        let text = text.replace(POSTGRESQL.interface, self.database.interface);
        let endpoint = |database: &Database| format!("\n  {}:", database.endpoint);
        let text = text.replace(&endpoint(&POSTGRESQL), &endpoint(self.database));
        std::fs::write(metadata, text).unwrap();
        let printed =
            self.journey
                .charmwright(&["pack", "--project-dir", "charm", "--output", "charm"]);
        assert!(printed.contains("Packed "), "{printed}");
        assert!(self.charm.exists(), "no {}", self.charm.display());
    }

    /// Deploys or refreshes: the packed charm and an image of the project as it is now.
    pub fn with_charm_and_image(&self, command: &[&str]) {
        let image = format!("{}=.", self.framework.resource);
        let mut command = command.to_vec();
        let charm = self.charm.to_str().unwrap();
        command.extend([charm, "--resource", &image]);
        self.journey.local(&command);
    }

    /// The name of a unit.
    pub fn unit(&self, number: u32) -> String {
        format!("{}/{number}", self.name)
    }

    /// The host name of a unit.
    pub fn host(&self, number: u32) -> String {
        format!("{}-{number}", self.name)
    }

    /// The app's only idle status.
    #[track_caller]
    pub fn settles(&self, status: &str, message: &str) {
        self.journey.settles(&self.name, status, message);
    }

    /// Where a unit is reached, once it is.
    #[track_caller]
    pub fn url(&self, unit: u32, path: &str) -> String {
        let find = |status: &Value| {
            let unit = &status["applications"][&self.name]["units"][self.unit(unit)];
            unit["addresses"][0].as_str().map(str::to_owned)
        };
        self.journey
            .until(&format!("unit {unit} has an address"), |status| {
                find(status).is_some()
            });
        let url = find(&self.journey.status()).unwrap();
        format!("{}{path}", url.trim_end_matches('/'))
    }

    /// What unit 0 answers to a path, which must be 200.
    #[track_caller]
    pub fn get(&self, path: &str) -> String {
        self.get_from(0, path)
    }

    /// The same of any unit.
    #[track_caller]
    pub fn get_from(&self, unit: u32, path: &str) -> String {
        let url = self.url(unit, path);
        let (status, body) = self.journey.get(&url);
        assert_eq!(
            status,
            200,
            "{url} answers {body}\n{}",
            self.output_of(unit)
        );
        body
    }

    /// Waits until unit 0 answers so.
    #[track_caller]
    pub fn answers(&self, path: &str, body: &str) {
        self.journey.answers(&self.url(0, path), 200, body);
    }

    /// Waits until nothing of the app answers on unit 0 any more.
    #[track_caller]
    pub fn is_silent(&self) {
        let start = Instant::now();
        loop {
            let status = self.journey.status();
            let unit = &status["applications"][&self.name]["units"][self.unit(0)];
            let (code, body) = match unit["addresses"][0].as_str() {
                None => return,
                Some(url) => self.journey.get(url),
            };
            if code == 0 || code == 502 {
                return;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "the app still answers {code} {body}"
            );
            sleep(PAUSE);
        }
    }

    /// Waits until exactly these units' services have ticked within the last ten seconds.
    #[track_caller]
    pub fn ticks(&self, scheduler: &[u32], worker: &[u32]) {
        let hosts =
            |units: &[u32]| -> Vec<String> { units.iter().map(|unit| self.host(*unit)).collect() };
        let expected = serde_json::json!({"scheduler": hosts(scheduler), "worker": hosts(worker)});
        self.journey.responds(
            &self.url(0, "/ticks"),
            &expected.to_string(),
            |(_, body)| serde_json::from_str::<Value>(body).is_ok_and(|ticks| ticks == expected),
        );
    }

    /// How often a unit's migration has succeeded.
    pub fn migrations(&self, unit: u32) -> usize {
        let logs = self.journey.local(&["logs", &self.unit(unit)]);
        logs.matches("migrated the database with").count()
    }

    /// Runs `pebble` against a unit's container.
    pub fn pebble(&self, unit: u32, arguments: &[&str]) -> Output {
        // From the directory that commands run in: a longer path is none for a socket.
        let socket = format!(
            ".charmwright/units/{}/containers/{}/shared/pebble.socket",
            self.host(unit),
            self.framework.container
        );
        self.journey
            .command(pebble())
            .env("PEBBLE_SOCKET", socket)
            .args(arguments)
            .output()
            .unwrap()
    }

    /// The same, which must succeed; what it printed.
    #[track_caller]
    pub fn pebble_ok(&self, unit: u32, arguments: &[&str]) -> String {
        let output = self.pebble(unit, arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Pebble's line about the main service of unit 0: its state, and since when.
    #[track_caller]
    pub fn main_service(&self) -> String {
        Self::service(&self.services(0), self.framework.name)
    }

    /// Waits until Pebble's list of services fulfils the condition.
    #[track_caller]
    pub fn until_pebble(&self, unit: u32, what: &str, condition: impl Fn(&str) -> bool) {
        let start = Instant::now();
        loop {
            let services = self.services(unit);
            if condition(&services) {
                return;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "not so: {what}\n{services}\n{}",
                self.output_of(unit)
            );
            sleep(PAUSE);
        }
    }

    /// The line about a service.
    pub fn service(services: &str, name: &str) -> String {
        let line = services
            .lines()
            .find(|line| line.split_whitespace().next() == Some(name));
        line.unwrap_or_default().to_owned()
    }

    #[track_caller]
    fn services(&self, unit: u32) -> String {
        self.pebble_ok(unit, &["services", "--abs-time"])
    }

    /// What the services of a unit printed last.
    pub fn output_of(&self, unit: u32) -> String {
        let log: &Path = &self.journey.cwd.join(format!(
            ".charmwright/units/{}/containers/{}/pebble.log",
            self.host(unit),
            self.framework.container
        ));
        let log = std::fs::read(log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}
