//! What the tests of the databases share: how they are asked, and how they stop, die and come back.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use charmwright::local::container::Target;
use charmwright::local::provider::database::Database;
use charmwright::local::provider::{Provider, Update, View};

use super::{Bag, bag, relation, run, view};

const SECRETS: &str = r#"["username","password","tls","tls-ca","uris","read-only-uris"]"#;

/// The requirer's bag.
pub fn request(database: &str) -> Bag {
    bag(&[("database", database), ("requested-secrets", SECRETS)])
}

/// The credentials of a relation.
pub fn user(update: &Update, id: u32) -> &Bag {
    &update.secrets[&format!("database.{id}.user.secret")].content
}

/// The names by which applications reach it.
pub fn hostnames(update: &Update) -> Vec<&String> {
    let services = update.services.iter();
    services.flat_map(|service| &service.hostnames).collect()
}

/// The socket of the service that applications reach.
pub fn socket(update: &Update, port: u16) -> &Path {
    let service = &update.services[0];
    assert_eq!(service.port, port);
    match &service.target {
        Target::Unix(socket) => socket,
        other => panic!("no socket: {other:?}"),
    }
}

/// The processes whose working directory is the server's data.
pub fn servers(directory: &Path) -> Vec<i32> {
    let data = directory.canonicalize().unwrap().join("data");
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter(|entry| std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == data))
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

pub fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(180);
    while !condition() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub fn kill(signal: &str, processes: &[i32]) {
    let status = Command::new("kill")
        .arg(signal)
        .args(processes.iter().map(ToString::to_string))
        .stderr(Stdio::null())
        .status()
        .unwrap();
    let _ = status;
}

/// One kind of database.
pub struct Kind {
    pub provider: fn() -> Database,
    pub interface: &'static str,
    pub port: u16,
    /// The client as an application runs it: credentials, database, SQL.
    pub client: fn(&Update, &Bag, &str, &str) -> Output,
    /// Makes the table `kept`.
    pub make: &'static str,
    /// Asks for it.
    pub look: &'static str,
    /// A file in the server's data that a killed one leaves.
    pub lock: &'static str,
    /// The test that is a daemon.
    pub daemon: &'static str,
}

/// The tests that every kind of database has, of the `KIND` beside them.
macro_rules! tests_of_every_kind {
    () => {
        #[test]
        fn stopping_leaves_no_process_and_keeps_data_and_passwords() {
            KIND.stopping_leaves_no_process_and_keeps_data_and_passwords();
        }

        #[test]
        fn everything_killed_comes_back_with_its_data() {
            KIND.everything_killed_comes_back_with_its_data();
        }

        #[test]
        fn several_run_at_once_under_long_paths_and_odd_names() {
            KIND.several_run_at_once_under_long_paths_and_odd_names();
        }

        #[test]
        #[ignore = "started by the next test"]
        fn daemon() {
            KIND.be_a_daemon();
        }

        #[test]
        fn a_killed_daemon_takes_the_server_with_it_and_the_next_one_finds_the_data() {
            KIND.a_killed_daemon_takes_the_server_with_it_and_the_next_one_finds_the_data();
        }
    };
}
pub(super) use tests_of_every_kind;

impl Kind {
    pub fn with_relation(&self, mut view: View, id: u32, bag: Bag) -> View {
        view.relations
            .insert(id, relation("database", self.interface, bag));
        view
    }

    /// One relation, to a database `web`.
    pub fn view(&self, directory: &Path) -> View {
        self.with_relation(view("db", directory), 7, request("web"))
    }

    #[track_caller]
    pub fn select(&self, update: &Update, credentials: &Bag, database: &str, sql: &str) -> String {
        let output = (self.client)(update, credentials, database, sql);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{sql}: {errors}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Gives the error.
    #[track_caller]
    pub fn refused(&self, update: &Update, credentials: &Bag, database: &str, sql: &str) -> String {
        let output = (self.client)(update, credentials, database, sql);
        assert!(!output.status.success(), "{sql}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// The first answer, which the second one repeats.
    pub async fn answers_the_same_twice(&self, provider: &mut Database, view: &View) -> Update {
        let started = Instant::now();
        let first = provider.reconcile(view).await.unwrap();
        eprintln!("first answer after {:?}", started.elapsed());
        let started = Instant::now();
        let second = provider.reconcile(view).await.unwrap();
        eprintln!("second answer after {:?}", started.elapsed());
        assert_eq!(second.application_bags, first.application_bags);
        assert_eq!(second.secrets, first.secrets);
        assert_eq!(second.services, first.services);
        assert_eq!(second.status, first.status);
        first
    }

    /// Relation 5 asks nonsense; of those that are answered, 2 has its credentials in its bag, and has `two` only.
    #[track_caller]
    pub fn is_blocked_by_5_alone(&self, update: &Update, answered: &[u32], other: &str) {
        assert_eq!(update.status.status, "blocked");
        let message = &update.status.message;
        assert!(message.contains("relation 5"), "{message}");
        let ids: Vec<_> = update.application_bags.keys().copied().collect();
        assert_eq!(ids, answered);
        let plain = &update.application_bags[&2];
        self.select(update, plain, "two", "SELECT 1");
        self.refused(update, plain, other, "SELECT 1");
        let mut wrong = plain.clone();
        wrong.insert("password".into(), "guess".into());
        self.refused(update, &wrong, "two", "SELECT 1");
    }

    #[track_caller]
    fn keeps(&self, update: &Update) {
        self.select(update, user(update, 7), "web", self.look);
    }

    async fn starts(&self, directory: &Path) -> (Database, Update) {
        let mut provider = (self.provider)();
        let update = provider.reconcile(&self.view(directory)).await.unwrap();
        (provider, update)
    }

    async fn starts_with_a_table(&self, directory: &Path) -> (Database, Update) {
        let (provider, update) = self.starts(directory).await;
        self.select(&update, user(&update, 7), "web", self.make);
        (provider, update)
    }

    pub fn stopping_leaves_no_process_and_keeps_data_and_passwords(&self) {
        let directory = tempfile::tempdir().unwrap();
        let first = run(async {
            let (mut provider, update) = self.starts_with_a_table(directory.path()).await;
            provider.stop(false).await;
            assert_eq!(servers(directory.path()), [0; 0]);
            update
        });
        run(async {
            let started = Instant::now();
            let (mut provider, update) = self.starts(directory.path()).await;
            eprintln!("started again in {:?}", started.elapsed());
            assert_eq!(update.secrets, first.secrets);
            self.keeps(&update);
            provider.stop(true).await;
        });
    }

    pub fn everything_killed_comes_back_with_its_data(&self) {
        let directory = tempfile::tempdir().unwrap();
        run(async {
            let (mut provider, _) = self.starts_with_a_table(directory.path()).await;
            kill("-KILL", &servers(directory.path()));
            // The reconcile after it finds a server that is on its way up, or the watcher's.
            let view = self.view(directory.path());
            self.keeps(&provider.reconcile(&view).await.unwrap());
            // As when the daemon is killed: nobody watches, the lock file stays.
            drop(provider);
        });
        wait_until("the server ends with its parent", || {
            servers(directory.path()).is_empty()
        });
        let lock = directory.path().join("data").join(self.lock);
        std::fs::write(&lock, "1\nstale\n").unwrap();
        run(async {
            let (mut provider, update) = self.starts(directory.path()).await;
            self.keeps(&update);
            let text = std::fs::read_to_string(&lock).unwrap();
            assert_ne!(text.lines().next(), Some("1"));
            provider.stop(true).await;
        });
    }

    pub fn several_run_at_once_under_long_paths_and_odd_names(&self) {
        let root = tempfile::tempdir().unwrap();
        let odd: PathBuf = root
            .path()
            .join("a directory's name, with \"all\" of it".repeat(4));
        let (one, two) = (odd.join("one"), odd.join("two"));
        run(async {
            let (mut first, left) = self.starts_with_a_table(&one).await;
            let (mut second, right) = self.starts(&two).await;
            self.refused(&right, user(&left, 7), "web", "SELECT 1");
            self.refused(&right, user(&right, 7), "web", self.look);
            let socket = socket(&left, self.port);
            assert!(socket.as_os_str().len() < 108);
            first.stop(true).await;
            second.stop(true).await;
            assert!(!socket.parent().unwrap().exists());
            assert!(!one.exists() && !two.exists());
        });
    }

    /// The daemon of the next test, in a process of its own.
    pub fn be_a_daemon(&self) {
        let directory = PathBuf::from(std::env::var_os("DAEMON_DIRECTORY").unwrap());
        run(async {
            let _running = self.starts_with_a_table(&directory).await;
            std::fs::write(directory.join("ready"), "").unwrap();
            std::future::pending::<()>().await;
        });
    }

    pub fn a_killed_daemon_takes_the_server_with_it_and_the_next_one_finds_the_data(&self) {
        let directory = tempfile::tempdir().unwrap();
        let mut daemon = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", self.daemon, "--ignored"])
            .env("DAEMON_DIRECTORY", directory.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("the daemon is ready", || {
            directory.path().join("ready").exists()
        });
        assert!(!servers(directory.path()).is_empty());
        daemon.kill().unwrap();
        daemon.wait().unwrap();
        wait_until("the server ends with the daemon", || {
            servers(directory.path()).is_empty()
        });
        run(async {
            let (mut provider, update) = self.starts(directory.path()).await;
            self.keeps(&update);
            provider.stop(false).await;
            // What `destroy` does after a daemon was killed.
            let mut heir = (self.provider)();
            heir.adopt(directory.path());
            heir.stop(true).await;
        });
        assert!(!directory.path().exists());
    }
}
