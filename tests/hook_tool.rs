//! The real executable under a hook tool's name, against a small agent that answers from a model.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use charmwright::juju::JujuVersion;
use charmwright::local::hook_tool::{Context, NAMES, Reply, Request};
use charmwright::local::model::{Charm, Endpoint, Model, QueuedEvent, Role};

/// A directory with every hook tool, and an agent's socket.
struct Agent {
    directory: tempfile::TempDir,
}

impl Agent {
    /// Listens before it returns, so that no caller has to wait. The thread ends with the test's process.
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let tools = directory.path().join("tools");
        std::fs::create_dir(&tools).unwrap();
        for name in NAMES {
            symlink(env!("CARGO_BIN_EXE_charmwright"), tools.join(name)).unwrap();
        }
        let listener = UnixListener::bind(directory.path().join("agent.socket")).unwrap();
        thread::spawn(move || serve(&listener));
        Self { directory }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn command(&self, tool: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.path().join("tools").join(tool));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("JUJU_CONTEXT_ID", "web/0-1")
            .env("JUJU_AGENT_SOCKET_NETWORK", "unix")
            .env(
                "JUJU_AGENT_SOCKET_ADDRESS",
                self.path().join("agent.socket"),
            )
            .stdin(Stdio::null());
        command
    }

    fn run(&self, tool: &str, arguments: &[&str]) -> (String, String, Option<i32>) {
        read(&self.command(tool, arguments).output().unwrap())
    }

    fn run_with_stdin(&self, tool: &str, arguments: &[&str], stdin: &str) -> Option<i32> {
        let mut child = self
            .command(tool, arguments)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stdin.take().unwrap();
        pipe.write_all(stdin.as_bytes()).unwrap();
        drop(pipe);
        child.wait().unwrap().code()
    }
}

fn read(output: &Output) -> (String, String, Option<i32>) {
    (
        String::from_utf8(output.stdout.clone()).unwrap(),
        String::from_utf8(output.stderr.clone()).unwrap(),
        output.status.code(),
    )
}

fn serve(listener: &UnixListener) {
    let mut model = model();
    let event = QueuedEvent::UpdateStatus;
    let mut context = Context::new(&model, "web/0", &event, Path::new("/resources"));
    for stream in listener.incoming() {
        let stream = stream.unwrap();
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        let request: Request = serde_json::from_str(&line).unwrap();
        let reply = if request.context == "web/0-1" {
            context.run(
                &mut model,
                &request.tool,
                &request.arguments,
                request.stdin.as_bytes(),
            )
        } else {
            Reply {
                stderr: format!("ERROR unknown context {:?}\n", request.context),
                code: 1,
                ..Reply::default()
            }
        };
        let mut answer = serde_json::to_vec(&reply).unwrap();
        answer.push(b'\n');
        (&stream).write_all(&answer).unwrap();
    }
}

fn model() -> Model {
    let endpoint = Endpoint {
        interface: "peers".into(),
        role: Role::Peer,
        limit: None,
        optional: None,
    };
    let charm = Charm {
        name: "web".into(),
        directory: Some(PathBuf::from("/charm")),
        endpoints: BTreeMap::from([("peers".into(), endpoint)]),
        ..Charm::default()
    };
    let mut model = Model::new("demo", "uuid", JujuVersion::default());
    let changes = model.deploy("web", charm, BTreeMap::new(), 1).unwrap();
    model.enqueue(changes);
    while let Some(event) = model.begin("web/0") {
        model.dispatched("web/0", &event);
    }
    model
}

#[test]
fn a_tool_prints_what_the_agent_answers_and_ends_with_its_code() {
    let agent = Agent::start();
    assert_eq!(
        agent.run("is-leader", &["--format=json"]),
        ("true\n".into(), String::new(), Some(0))
    );
    assert_eq!(
        agent.run("relation-list", &["-r", "db:9"]),
        (
            String::new(),
            "ERROR invalid value \"db:9\" for option -r: relation not found\n".into(),
            Some(2)
        )
    );
    assert_eq!(
        agent.run("secret-get", &["--label", "L"]),
        (
            String::new(),
            "ERROR consumer label \"L\" not found\n".into(),
            Some(1)
        )
    );
}

#[test]
fn outside_a_hook_a_tool_says_so() {
    let agent = Agent::start();
    let mut command = agent.command("relation-ids", &["db"]);
    let output = command.env_remove("JUJU_CONTEXT_ID").output().unwrap();
    let expected = "ERROR JUJU_CONTEXT_ID not set\n".to_owned();
    assert_eq!(read(&output), (String::new(), expected, Some(1)));
}

#[test]
fn an_agent_that_is_gone_is_an_error_that_names_the_socket() {
    let agent = Agent::start();
    let mut command = agent.command("is-leader", &[]);
    let output = command
        .env("JUJU_AGENT_SOCKET_ADDRESS", "/nonexistent/agent.socket")
        .output()
        .unwrap();
    let (stdout, stderr, code) = read(&output);
    assert_eq!((stdout.as_str(), code), ("", Some(1)));
    assert!(stderr.starts_with("ERROR "), "{stderr}");
    assert!(stderr.contains("`/nonexistent/agent.socket`"), "{stderr}");
}

#[test]
fn the_address_may_carry_jujus_prefixes() {
    let agent = Agent::start();
    let path = agent.path().join("agent.socket");
    for prefix in ["unix:", "@"] {
        let address = format!("{prefix}{}", path.display());
        let mut command = agent.command("is-leader", &["--format=json"]);
        let output = command
            .env("JUJU_AGENT_SOCKET_ADDRESS", &address)
            .output()
            .unwrap();
        assert_eq!(output.stdout, b"true\n", "{address}");
    }
}

#[test]
fn data_comes_from_standard_input_and_from_files_beside_the_caller() {
    let agent = Agent::start();
    let set = ["-r", "peers:0", "--app", "--file", "-"];
    let stdin = r#"{"one": "1", "long": "VALUE"}"#.replace("VALUE", &"x".repeat(300_000));
    assert_eq!(agent.run_with_stdin("relation-set", &set, &stdin), Some(0));
    let get = ["--format=json", "-r", "peers:0", "--app", "-", "web"];
    let (stdout, _, _) = agent.run("relation-get", &get);
    let bag: BTreeMap<String, String> = serde_json::from_str(&stdout).unwrap();
    assert_eq!(bag["one"], "1");
    assert_eq!(bag["long"].len(), 300_000);

    std::fs::write(agent.path().join("data.yaml"), "two: '2'\n").unwrap();
    let set = ["-r", "peers:0", "--app", "--file=data.yaml"];
    assert_eq!(agent.run("relation-set", &set).2, Some(0));
    let get = ["-r", "peers:0", "--app", "two", "web"];
    assert_eq!(agent.run("relation-get", &get).0, "2\n");

    std::fs::write(agent.path().join("password"), "a b\nc").unwrap();
    let (uri, stderr, code) = agent.run("secret-add", &["--label=L", "password#file=password"]);
    assert_eq!((stderr.as_str(), code), ("", Some(0)));
    assert!(uri.starts_with("secret:"), "{uri}");
    let (stdout, _, _) = agent.run("secret-get", &["--format=json", "--label", "L"]);
    assert_eq!(stdout, "{\"password\":\"a b\\nc\"}\n");

    let (_, stderr, code) = agent.run("secret-add", &["password#file=nothing"]);
    assert_eq!(code, Some(2));
    assert!(
        stderr.starts_with("ERROR cannot read `nothing`"),
        "{stderr}"
    );
}

#[test]
fn a_tool_that_wants_no_input_does_not_wait_for_it() {
    let agent = Agent::start();
    let mut child = agent
        .command("status-set", &["active", "--", "--file -"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let open = child.stdin.take();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    drop(open);
}
