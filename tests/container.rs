//! Workload containers with a real Pebble, as root and as an ordinary user.
//!
//! Nearly every test runs twice: as it is, and by [`as_an_ordinary_user`], which runs this executable again as `nobody`
//! in the user namespace that the daemon would make.

#![allow(clippy::unwrap_used)]
// `Dial` is the type that providers have; everything stays on one thread.
#![allow(clippy::arc_with_non_send_sync)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use charmwright::local::container::{
    self, Container, Error, Service, Specification, Target, charm_command, prepare_image,
};
use charmwright::local::provider::Dial;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixListener};

const LIMIT: Duration = Duration::from_secs(30);

/// A server that answers a path with that file of the container, `/list/PATH` with the names in a directory, `/id` with
/// its user, `/hostname`, and `/tcp/HOST/PORT` with what is said there; a POST writes the file.
const APP: &str = r#"
import http.server, os, socket
class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *arguments): pass
    def reply(self, text, code=200):
        body = text.encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        try:
            words = self.path.split("/")
            if words[1] == "id": return self.reply(str(os.getuid()))
            if words[1] == "hostname": return self.reply(socket.gethostname())
            if words[1] == "list": return self.reply(" ".join(sorted(os.listdir("/" + "/".join(words[2:])))))
            if words[1] == "tcp":
                with socket.create_connection((words[2], int(words[3])), 10) as connection:
                    return self.reply(connection.makefile().read())
            with open(self.path) as file: self.reply(file.read())
        except OSError as error: self.reply(type(error).__name__, 500)
    def do_POST(self):
        with open(self.path, "w") as file: file.write("written")
        self.reply("")
http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
"#;

const LAYER: &str = "\
summary: test
services:
  app:
    override: replace
    startup: enabled
    command: /bin/python3 app.py
    working-dir: /app
    user: _daemon_
";

/// A directory that is gone at the end, which the user of the test owns.
struct World {
    directory: tempfile::TempDir,
    units: Rc<RefCell<BTreeMap<String, Rc<Container>>>>,
}

impl World {
    fn new() -> Self {
        let executable =
            std::env::var_os("CHARMWRIGHT").unwrap_or(env!("CARGO_BIN_EXE_charmwright").into());
        container::use_executable(executable);
        let directory = tempfile::tempdir().unwrap();
        let image = directory.path().join("images/web");
        let layers = image.join("root/var/lib/pebble/default/layers");
        fs::create_dir_all(&layers).unwrap();
        fs::write(layers.join("001-rockcraft-web.yaml"), LAYER).unwrap();
        fs::create_dir_all(image.join("root/app")).unwrap();
        fs::write(image.join("root/app/app.py"), APP).unwrap();
        let daemon = if root() { 584_792 } else { 0 };
        for name in ["app", "app/app.py"] {
            std::os::unix::fs::chown(image.join("root").join(name), Some(daemon), Some(daemon))
                .unwrap();
        }
        let project = directory.path().join("project");
        fs::write(
            image.join("image.json"),
            format!(r#"{{"project": {project:?}, "python": null}}"#),
        )
        .unwrap();
        Self {
            directory,
            units: Rc::default(),
        }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn specification(&self, unit: &str) -> Specification {
        let name = unit.replace('/', "-");
        Specification {
            unit: unit.into(),
            container: "app".into(),
            image: self.path().join("images/web"),
            images: self.path().join("images"),
            directory: self.path().join("units").join(&name).join("app"),
            pebble: pebble(),
            fqdn: format!("{name}.web-endpoints.demo.svc.cluster.local"),
            hostname: name,
        }
    }

    fn dial(&self) -> Dial {
        let units = self.units.clone();
        Arc::new(move |unit, port| {
            let container = units.borrow().get(&unit).cloned();
            Box::pin(async move {
                let container = container.ok_or(std::io::ErrorKind::NotFound)?;
                container.dial(port).await
            })
        })
    }

    /// A unit with its app answering.
    async fn unit(&self, unit: &str) -> Rc<Container> {
        let container = Container::start(self.specification(unit), self.dial()).await;
        let container = Rc::new(container.unwrap_or_else(|error| panic!("{unit}: {error}")));
        start_app(&container).await;
        self.units
            .borrow_mut()
            .insert(unit.into(), container.clone());
        container
    }
}

fn pebble() -> PathBuf {
    let path = std::env::var_os("PEBBLE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("integration/.build/pebble"),
        PathBuf::from,
    );
    assert!(
        path.exists(),
        "no Pebble at `{}`: run `integration/pebble.sh`",
        path.display()
    );
    path
}

/// Whether the test runs as the machine's root.
fn root() -> bool {
    fs::read_to_string("/proc/self/uid_map")
        .unwrap()
        .contains("4294967295")
}

fn run<F: Future<Output = ()>>(test: F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    runtime.block_on(local.run_until(async {
        tokio::time::timeout(4 * LIMIT, test)
            .await
            .expect("the test takes too long");
    }));
}

async fn say(stream: &mut TcpStream, method: &str, path: &str) -> std::io::Result<String> {
    let request = format!("{method} {path} HTTP/1.0\r\nHost: web\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer
        .split_once("\r\n\r\n")
        .map_or(String::new(), |(_, body)| body.to_owned()))
}

async fn get(container: &Container, path: &str) -> String {
    say(&mut container.dial(8080).await.unwrap(), "GET", path)
        .await
        .unwrap()
}

async fn post(container: &Container, path: &str) {
    say(&mut container.dial(8080).await.unwrap(), "POST", path)
        .await
        .unwrap();
}

/// One request to Pebble, with the answer's body.
async fn ask_pebble(socket: &Path, method: &str, path: &str, body: &str) -> String {
    let mut stream = tokio::net::UnixStream::connect(socket).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn start_app(container: &Container) {
    let answer = ask_pebble(
        &container.socket(),
        "POST",
        "/v1/services",
        r#"{"action":"autostart"}"#,
    )
    .await;
    assert!(answer.contains("202"), "{answer}");
    let limit = Instant::now() + LIMIT;
    while container.dial(8080).await.is_err() {
        assert!(
            Instant::now() < limit,
            "the app does not answer: {}",
            fs::read_to_string(container.log()).unwrap()
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn boot_id(container: &Container) -> String {
    let answer = ask_pebble(&container.socket(), "GET", "/v1/system-info", "").await;
    let (_, rest) = answer.split_once("boot-id\":\"").expect(&answer);
    rest[..36].to_owned()
}

/// Processes whose arguments or current root name the directory.
fn processes(directory: &Path) -> Vec<String> {
    let name = directory.display().to_string();
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter(|entry| {
            let mounts = fs::read_to_string(entry.path().join("mountinfo")).unwrap_or_default();
            let arguments = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            mounts.contains(&name) || String::from_utf8_lossy(&arguments).contains(&name)
        })
        .map(|entry| {
            String::from_utf8_lossy(&fs::read(entry.path().join("cmdline")).unwrap_or_default())
                .replace('\0', " ")
        })
        .collect()
}

#[test]
fn the_app_is_reached_and_is_laid_out_as_in_its_rock() {
    run(async {
        let world = World::new();
        let unit = world.unit("web/0").await;
        assert_eq!(get(&unit, "/app/app.py").await, APP);
        assert_eq!(get(&unit, "/id").await, if root() { "584792" } else { "0" });
        assert_eq!(get(&unit, "/hostname").await, "web-0");
        assert!(
            get(&unit, "/etc/hosts")
                .await
                .contains("web-0.web-endpoints.demo.svc.cluster.local web-0\n")
        );
        assert_eq!(get(&unit, "/list/home").await, "");
        assert_eq!(get(&unit, "/list/tmp").await, "");
        assert_eq!(get(&unit, "/etc/shadow").await, "");
        assert!(get(&unit, "/etc/passwd").await.contains("\n_daemon_:x:"));
        // Not visible: this repository, wherever it is, and the state beside the images.
        assert_eq!(
            get(&unit, &format!("/list{}", env!("CARGO_MANIFEST_DIR"))).await,
            "FileNotFoundError"
        );
        assert_eq!(
            get(&unit, &format!("/list{}", world.path().display())).await,
            "FileNotFoundError"
        );
        let plan = ask_pebble(&unit.socket(), "GET", "/v1/plan?format=yaml", "").await;
        assert!(plan.contains("/bin/python3 app.py"), "{plan}");
        // PID 1 is Pebble, as Juju starts it.
        let arguments = get(&unit, "/proc/1/cmdline").await;
        assert!(
            arguments.starts_with("/charm/bin/pebble\0run\0--create-dirs\0--hold\0"),
            "{arguments:?}"
        );

        if std::env::var_os("MOUNTED").is_some() {
            for path in ["/opt/file", "/opt/mounted/file"] {
                assert_eq!(get(&unit, path).await, "seen\n", "{path}");
                post(&unit, path).await;
                assert_eq!(fs::read_to_string(path).unwrap(), "seen\n", "{path}");
            }
        }

        let address = unit.publish(8080).await.unwrap();
        assert_eq!(unit.publish(8080).await.unwrap(), address);
        assert!(address.ip().is_loopback());
        let mut stream = TcpStream::connect(address).await.unwrap();
        assert_eq!(say(&mut stream, "GET", "/hostname").await.unwrap(), "web-0");
        unit.stop().await.unwrap();
    });
}

#[test]
fn units_listen_on_the_same_port_and_reach_each_other_and_the_machine_by_name() {
    run(async {
        let world = World::new();
        let (first, second) = tokio::join!(world.unit("web/0"), world.unit("web/1"));
        assert_eq!(get(&first, "/hostname").await, "web-0");
        assert_eq!(get(&second, "/hostname").await, "web-1");

        let socket = world.path().join("database.socket");
        let database = UnixListener::bind(&socket).unwrap();
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server_address: SocketAddr = server.local_addr().unwrap();
        tokio::task::spawn_local(async move {
            while let Ok((mut stream, _)) = database.accept().await {
                stream.write_all(b"unix").await.unwrap();
            }
        });
        tokio::task::spawn_local(async move {
            while let Ok((mut stream, _)) = server.accept().await {
                stream.write_all(b"tcp").await.unwrap();
            }
        });
        let service = |names: &[&str], port, target| Service {
            hostnames: names.iter().map(ToString::to_string).collect(),
            port,
            target,
        };
        let database = service(
            &["db.demo.svc.cluster.local", "db"],
            5432,
            Target::Unix(socket),
        );
        let server = service(&["cache"], 5432, Target::Tcp(server_address));
        let peer = service(
            &["peer"],
            80,
            Target::Unit {
                unit: "web/1".into(),
                port: 8080,
            },
        );
        let all = [database.clone(), server.clone(), peer.clone()];
        first.set_services(&all).await.unwrap();
        first.set_services(&all).await.unwrap();
        for name in ["db", "db.demo.svc.cluster.local"] {
            assert_eq!(get(&first, &format!("/tcp/{name}/5432")).await, "unix");
        }
        assert_eq!(get(&first, "/tcp/cache/5432").await, "tcp");
        // The other unit has none of it.
        assert_eq!(get(&second, "/tcp/db/5432").await, "gaierror");
        // A unit is reached by the callback.
        let hosts = get(&first, "/etc/hosts").await;
        assert!(hosts.contains(" peer\n"), "{hosts}");
        let peer_address = hosts
            .lines()
            .find(|line| line.ends_with(" peer"))
            .unwrap()
            .split(' ')
            .next()
            .unwrap();
        assert!(peer_address.starts_with("127."));
        let answer = ask_service(&first, "peer", 80).await;
        assert!(answer.contains("web-1"), "{answer}");

        // The same name and port with another target, and one that goes.
        let moved = service(
            &["db.demo.svc.cluster.local", "db"],
            5432,
            Target::Tcp(server_address),
        );
        first.set_services(&[moved, peer]).await.unwrap();
        assert_eq!(get(&first, "/tcp/db/5432").await, "tcp");
        assert_eq!(get(&first, "/tcp/cache/5432").await, "gaierror");
        first.restart().await.unwrap();
        start_app(&first).await;
        assert_eq!(get(&first, "/tcp/db/5432").await, "tcp");
        first.stop().await.unwrap();
        second.stop().await.unwrap();
    });
}

/// What a program in the container is told by the app of another unit.
async fn ask_service(container: &Container, host: &str, port: u16) -> String {
    let script = format!(
        "import urllib.request; open('/tmp/answer', 'w').write(urllib.request.urlopen('http://{host}:{port}/hostname').read().decode())"
    );
    let body = serde_json::json!({"command": ["/bin/python3", "-c", script], "timeout": "20s"})
        .to_string();
    let answer = ask_pebble(&container.socket(), "POST", "/v1/exec", &body).await;
    let limit = Instant::now() + LIMIT;
    loop {
        let text = get(container, "/tmp/answer").await;
        if text.starts_with("web-") || Instant::now() > limit {
            return format!("{text} {answer}");
        }
        // Pebble begins once somebody reads the command's output.
        let task = answer
            .split("\"task-id\":\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .unwrap()
            .to_owned();
        for name in ["control", "stdio", "stderr"] {
            let stream = tokio::net::UnixStream::connect(container.socket())
                .await
                .unwrap();
            if let Ok((socket, _)) = tokio_tungstenite::client_async(
                format!("ws://localhost/v1/tasks/{task}/websocket/{name}"),
                stream,
            )
            .await
            {
                std::mem::forget(socket);
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn nothing_written_inside_reaches_the_machine_and_a_restart_is_fresh() {
    run(async {
        let world = World::new();
        let unit = world.unit("web/0").await;
        let address = unit.publish(8080).await.unwrap();
        let before = boot_id(&unit).await;
        let mark = format!("mark-{}", std::process::id());
        for directory in ["/tmp", "/app", "/var/tmp", "/dev/shm"] {
            let path = format!("{directory}/{mark}");
            post(&unit, &path).await;
            assert_eq!(get(&unit, &path).await, "written", "{path}");
            assert!(!Path::new(&path).exists(), "{path}");
        }
        assert!(
            !world
                .path()
                .join("images/web/root/app")
                .join(&mark)
                .exists()
        );
        unit.restart().await.unwrap();
        start_app(&unit).await;
        assert_ne!(boot_id(&unit).await, before);
        for directory in ["/tmp", "/app", "/var/tmp", "/dev/shm"] {
            assert_eq!(
                get(&unit, &format!("{directory}/{mark}")).await,
                "FileNotFoundError"
            );
        }
        let mut stream = TcpStream::connect(address).await.unwrap();
        assert_eq!(say(&mut stream, "GET", "/hostname").await.unwrap(), "web-0");
        unit.stop().await.unwrap();
    });
}

#[test]
fn stop_leaves_no_process_no_mount_and_no_listening_socket() {
    run(async {
        let world = World::new();
        let unit = world.unit("web/0").await;
        let address = unit.publish(8080).await.unwrap();
        assert!(unit.runs());
        assert!(!processes(world.path()).is_empty());
        unit.stop().await.unwrap();
        unit.stop().await.unwrap();
        unit.ended().await;
        assert!(!unit.runs());
        assert_eq!(processes(world.path()), Vec::<String>::new());
        let mounts = fs::read_to_string("/proc/mounts").unwrap();
        assert!(
            !mounts.contains(&world.path().display().to_string()),
            "{mounts}"
        );
        assert!(TcpStream::connect(address).await.is_err());
        assert!(unit.dial(8080).await.is_err());
        assert!(!container::pebble_socket(&unit.specification().directory).exists());
    });
}

#[test]
fn a_killed_pebble_takes_everything_along_and_is_noticed() {
    run(async {
        let world = World::new();
        let unit = world.unit("web/0").await;
        let record =
            fs::read_to_string(unit.specification().directory.join("process.json")).unwrap();
        let record: serde_json::Value = serde_json::from_str(&record).unwrap();
        let pebble = record["pebble"]["pid"].to_string();
        assert!(
            Command::new("kill")
                .args(["-9", &pebble])
                .status()
                .unwrap()
                .success()
        );
        tokio::time::timeout(LIMIT, unit.ended()).await.unwrap();
        assert!(unit.dial(8080).await.is_err());
        assert_eq!(processes(world.path()), Vec::<String>::new());
        unit.restart().await.unwrap();
        start_app(&unit).await;
        assert_eq!(get(&unit, "/hostname").await, "web-0");
        unit.stop().await.unwrap();
    });
}

#[test]
fn cleanup_ends_what_a_daemon_left() {
    run(async {
        let world = World::new();
        let unit = world.unit("web/0").await;
        let directory = unit.specification().directory.clone();
        container::cleanup(&directory).unwrap();
        container::cleanup(&directory).unwrap();
        tokio::time::timeout(LIMIT, unit.ended()).await.unwrap();
        assert_eq!(processes(world.path()), Vec::<String>::new());
        // One that is started over an old record begins with the same.
        let again = world.unit("web/0").await;
        again.stop().await.unwrap();
    });
}

#[test]
fn a_charm_finds_the_sockets_of_its_own_unit() {
    run(async {
        let world = World::new();
        let (first, second) = tokio::join!(world.unit("web/0"), world.unit("web/1"));
        let charm = world.path().join("charm");
        fs::create_dir(&charm).unwrap();
        let dispatch = charm.join("dispatch");
        fs::write(
            &dispatch,
            "#!/bin/sh\npwd\nprintf '%s %s\n' \"$GREETING\" \"$0\"\ncurl --silent --unix-socket /charm/containers/app/pebble.socket http://localhost/v1/system-info\nls /charm/containers\nexit 7\n",
        ).unwrap();
        fs::set_permissions(&dispatch, fs::Permissions::from_mode(0o755)).unwrap();
        for unit in [&first, &second] {
            let containers = BTreeMap::from([
                ("app".to_owned(), unit.specification().directory.clone()),
                (
                    "second-container".to_owned(),
                    world.path().join("units/other"),
                ),
            ]);
            let output = charm_command(&charm, &containers)
                .unwrap()
                .env_clear()
                .env("GREETING", "hello")
                .env("PATH", "/usr/bin:/bin")
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let errors = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(7), "{text} {errors}");
            assert!(
                text.starts_with(&format!("{0}\nhello {0}/dispatch\n", charm.display())),
                "{text}"
            );
            assert!(text.contains(&boot_id(unit).await), "{text} {errors}");
            assert!(text.ends_with("app\nsecond-container\n"), "{text}");
        }
        assert!(!Path::new("/charm/containers/second-container").exists());
        first.stop().await.unwrap();
        second.stop().await.unwrap();
    });
}

#[test]
fn a_hook_that_runs_meanwhile_finds_the_container_again() {
    run(async {
        let world = World::new();
        let unit = world.unit("web/0").await;
        let charm = world.path().join("charm");
        fs::create_dir(&charm).unwrap();
        let dispatch = charm.join("dispatch");
        fs::write(
            &dispatch,
            "#!/bin/sh\necho begun\nread line\n\
             exec curl --silent --unix-socket /charm/containers/app/pebble.socket http://localhost/v1/system-info\n",
        )
        .unwrap();
        fs::set_permissions(&dispatch, fs::Permissions::from_mode(0o755)).unwrap();
        let directory = unit.specification().directory.clone();
        let containers = BTreeMap::from([("app".to_owned(), directory)]);
        let mut hook = tokio::process::Command::from(charm_command(&charm, &containers).unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut begun = [0; 6];
        hook.stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut begun)
            .await
            .unwrap();
        let before = boot_id(&unit).await;
        unit.restart().await.unwrap();
        let after = boot_id(&unit).await;
        hook.stdin
            .take()
            .unwrap()
            .write_all(b"go on\n")
            .await
            .unwrap();
        let output = hook.wait_with_output().await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains(&after) && before != after, "{text}");
        unit.stop().await.unwrap();
    });
}

#[test]
fn a_root_file_system_is_used_as_it_is() {
    run(async {
        let world = World::new();
        let image = world.path().join("rootfs");
        let layers = image.join("var/lib/pebble/default/layers");
        fs::create_dir_all(&layers).unwrap();
        fs::write(layers.join("001-rockcraft-web.yaml"), LAYER).unwrap();
        for name in ["usr/bin/only-this", "etc/passwd", "srv/data"] {
            let path = image.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        std::os::unix::fs::symlink("usr/bin", image.join("bin")).unwrap();
        let mut specification = world.specification("web/0");
        specification.image = prepare_image(&image, &world.path().join("images"), None)
            .await
            .unwrap();
        assert_eq!(specification.image, image.canonicalize().unwrap());
        let unit = Container::start(specification, world.dial()).await.unwrap();
        let plan = ask_pebble(&unit.socket(), "GET", "/v1/plan?format=yaml", "").await;
        assert!(plan.contains("/bin/python3 app.py"), "{plan}");
        let pebble =
            fs::read_to_string(unit.specification().directory.join("process.json")).unwrap();
        let pebble: serde_json::Value = serde_json::from_str(&pebble).unwrap();
        let inside = PathBuf::from(format!("/proc/{}/root", pebble["pebble"]["pid"]));
        let names = |path: &str| {
            let mut names: Vec<String> = fs::read_dir(inside.join(path))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        assert_eq!(names("bin"), ["only-this"]);
        assert_eq!(
            names(""),
            [
                "bin", "charm", "dev", "etc", "home", "proc", "root", "run", "srv", "sys", "tmp",
                "usr", "var"
            ]
        );
        let passwd = fs::read_to_string(inside.join("etc/passwd")).unwrap();
        assert!(
            passwd.starts_with("root:x:0:0:") && passwd.contains("_daemon_"),
            "{passwd}"
        );
        assert_eq!(fs::read_to_string(image.join("etc/passwd")).unwrap(), "");
        unit.stop().await.unwrap();
    });
}

/// A project whose packages come from a directory beside it, so that the test needs no package index.
fn project(world: &World) -> PathBuf {
    let project = world.path().join("my,project:1");
    let wheels = project.join("wheels");
    fs::create_dir_all(&wheels).unwrap();
    for (name, code) in [
        ("fastapi", "GREETING = 'fastapi is here'\n"),
        (
            "uvicorn",
            "import importlib, http.server, sys, os\n\
             app = importlib.import_module(sys.argv[1].split(':')[0])\n\
             class Handler(http.server.BaseHTTPRequestHandler):\n\
             \x20   def do_GET(self):\n\
             \x20       self.send_response(200); self.end_headers()\n\
             \x20       self.wfile.write(f'{app.app} {os.getcwd()} {sorted(os.listdir())}'.encode())\n\
             http.server.ThreadingHTTPServer((os.environ['UVICORN_HOST'], 8080), Handler).serve_forever()\n",
        ),
    ] {
        let file = fs::File::create(wheels.join(format!("{name}-1.0-py3-none-any.whl"))).unwrap();
        let mut wheel = zip::ZipWriter::new(file);
        let information = format!("{name}-1.0.dist-info");
        let module = if name == "uvicorn" {
            "uvicorn/__main__.py"
        } else {
            "fastapi/__init__.py"
        };
        for (path, text) in [
            (module.to_owned(), code.to_owned()),
            (
                format!("{information}/METADATA"),
                format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"),
            ),
            (
                format!("{information}/WHEEL"),
                "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
                    .into(),
            ),
            (format!("{information}/RECORD"), String::new()),
        ] {
            wheel
                .start_file(path, zip::write::SimpleFileOptions::default())
                .unwrap();
            std::io::Write::write_all(&mut wheel, text.as_bytes()).unwrap();
        }
        wheel.finish().unwrap();
    }
    fs::write(
        project.join("requirements.txt"),
        "--no-index\n--find-links wheels\nfastapi\n",
    )
    .unwrap();
    fs::write(
        project.join("app.py"),
        "import fastapi\napp = fastapi.GREETING\n",
    )
    .unwrap();
    fs::create_dir(project.join("static")).unwrap();
    fs::write(project.join("static/style.css"), "").unwrap();
    fs::write(project.join("notes.txt"), "not in the rock").unwrap();
    fs::write(
        project.join("rockcraft.yaml"),
        "name: web\nbase: bare\nbuild-base: ubuntu@24.04\nversion: '0.1'\nsummary: s\ndescription: d\n\
         platforms:\n  amd64:\nextensions:\n- fastapi-framework\n",
    )
    .unwrap();
    project
}

#[test]
fn a_project_becomes_an_image_once_with_its_packages_and_files() {
    run(async {
        let world = World::new();
        let project = project(&world);
        let images = world.path().join("images");
        let (sender, mut lines) = tokio::sync::mpsc::unbounded_channel();
        // Two at once build one.
        let (first, second) = tokio::join!(
            prepare_image(&project, &images, Some(sender.clone())),
            prepare_image(&project, &images, Some(sender)),
        );
        let image = first.unwrap();
        assert_eq!(second.unwrap(), image);
        let mut said = Vec::new();
        while let Some(line) = lines.recv().await {
            said.push(line);
        }
        let begun = said
            .iter()
            .filter(|line| line.starts_with("installing "))
            .count();
        assert_eq!(begun, 1, "{said:?}");

        let mut specification = world.specification("web/0");
        specification.image = image.clone();
        let unit = Container::start(specification, world.dial()).await.unwrap();
        start_app(&unit).await;
        let expected = "fastapi is here /app ['__pycache__', 'app.py', 'static']";
        assert_eq!(get(&unit, "/").await, expected);
        let plan = ask_pebble(&unit.socket(), "GET", "/v1/plan?format=yaml", "").await;
        assert!(plan.contains("/bin/python3 -m uvicorn app:app"), "{plan}");

        // The image is of the time when it was made; what changed makes another one.
        fs::write(project.join("app.py"), "app = 'changed'\n").unwrap();
        unit.restart().await.unwrap();
        start_app(&unit).await;
        assert_eq!(get(&unit, "/").await, expected);
        assert_ne!(prepare_image(&project, &images, None).await.unwrap(), image);
        unit.stop().await.unwrap();

        fs::write(project.join("requirements.txt"), "--no-index\nfastapi\n").unwrap();
        let error = prepare_image(&project, &images, None)
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("requirements.txt`: No matching distribution found for "),
            "{error}"
        );
    });
}

/// Not a test: the daemon that the next one kills.
#[test]
fn daemon() {
    if std::env::var_os("DAEMON").is_none() {
        return;
    }
    run(async {
        let world = World::new();
        let unit = world.unit("web/0").await;
        eprintln!("directory:{}", world.path().display());
        unit.ended().await;
    });
}

#[test]
fn a_daemon_that_is_killed_takes_its_containers_along() {
    let mut daemon = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "daemon", "--nocapture"])
        .env("DAEMON", "1")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(daemon.stderr.take().unwrap()));
    let directory = lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("directory:").map(PathBuf::from))
        .expect("the daemon starts a container");
    assert!(!processes(&directory).is_empty());
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    let limit = Instant::now() + LIMIT;
    while !processes(&directory).is_empty() {
        assert!(Instant::now() < limit, "{:?}", processes(&directory));
        std::thread::sleep(Duration::from_millis(5));
    }
    container::cleanup(&directory.join("units/web-0/app")).unwrap();
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_machine_that_refuses_namespaces_says_what_to_enable() {
    let script = "echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all \
                  -- \"$0\" charmwright-container";
    // Inside a user namespace the setting is that namespace's own.
    let executable =
        std::env::var_os("CHARMWRIGHT").unwrap_or(env!("CARGO_BIN_EXE_charmwright").into());
    let directory = tempfile::tempdir().unwrap();
    let link = directory.path().join("charmwright-container");
    std::os::unix::fs::symlink(executable, &link).unwrap();
    let script = script.replace("charmwright-container", "user-namespace true");
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "sh", "-c", &script])
        .arg(&link)
        .output()
        .expect("no `unshare`: run `apt install util-linux`");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        errors.ends_with(
            "run `sudo sysctl -w user.max_user_namespaces=15000`, or run charmwright as root\n"
        ),
        "{errors}"
    );
    assert_eq!(errors.lines().count(), 1, "{errors}");
}

#[test]
fn what_is_no_image_and_a_pebble_that_fails_are_told() {
    run(async {
        let world = World::new();
        let empty = world.path().join("empty");
        fs::create_dir(&empty).unwrap();
        let mut specification = world.specification("web/0");
        specification.image = empty.clone();
        let error = Container::start(specification, world.dial())
            .await
            .unwrap_err();
        assert!(
            matches!(&error, Error::Image(text) if text.contains("`rockcraft.yaml`")),
            "{error}"
        );
        let error = prepare_image(&empty, &world.path().join("images"), None)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Image(_)), "{error}");

        let fake = world.path().join("pebble");
        fs::write(&fake, "#!/bin/sh\necho out of luck >&2\nexit 3\n").unwrap();
        fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
        let mut specification = world.specification("web/0");
        specification.pebble = fake;
        let error = Container::start(specification, world.dial())
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "Pebble of container `app` ended at once: out of luck"
        );
        assert_eq!(processes(world.path()), Vec::<String>::new());
    });
}

/// A copy of this test with all it needs, and a command that runs it as `nobody`.
struct OrdinaryUser(tempfile::TempDir);

impl OrdinaryUser {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).unwrap();
        // Where this repository is, an ordinary user may not be allowed to look.
        for (from, name) in [
            (pebble(), "pebble"),
            (std::env::current_exe().unwrap(), "test"),
            (
                env!("CARGO_BIN_EXE_charmwright").into(),
                "charmwright-container",
            ),
        ] {
            let to = home.path().join(name);
            fs::copy(from, &to).unwrap();
            fs::set_permissions(&to, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self(home)
    }

    /// `before` is a program that ends by running its arguments.
    fn test(&self, before: &[&str], arguments: &[&str]) {
        let home = self.0.path();
        let executable = home.join("charmwright-container");
        let mut words: Vec<&str> = before.to_vec();
        words.extend([
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            "--",
        ]);
        let output = Command::new(words[0])
            .args(&words[1..])
            .arg(&executable)
            .arg("user-namespace")
            .arg(home.join("test"))
            .args(arguments)
            .env("PEBBLE", home.join("pebble"))
            .env("TMPDIR", home)
            .env("CHARMWRIGHT", executable)
            .current_dir(home)
            .output()
            .expect("no `setpriv` or `unshare`: run `apt install util-linux`");
        succeeded(&output);
    }
}

fn succeeded(output: &std::process::Output) {
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn as_an_ordinary_user() {
    if root() {
        let arguments = [
            "--skip",
            "as_an_ordinary_user",
            "--skip",
            "what_is_mounted_below",
        ];
        OrdinaryUser::new().test(&[], &arguments);
    }
}

/// Mounts of the machine that a user namespace may not look behind.
const MOUNTS: &str = "mount -t tmpfs tmpfs /opt && echo seen > /opt/file && mkdir /opt/mounted && \
                      mount -t tmpfs tmpfs /opt/mounted && echo seen > /opt/mounted/file && \
                      chmod 666 /opt/file /opt/mounted/file && \
                      mount --bind /etc/hosts /etc/hosts && MOUNTED=1 exec \"$@\"";

#[test]
fn what_is_mounted_below_a_directory_is_shown_too() {
    if !root() {
        return;
    }
    let before = ["unshare", "--mount", "sh", "-c", MOUNTS, "sh"];
    let arguments = [
        "--exact",
        "the_app_is_reached_and_is_laid_out_as_in_its_rock",
    ];
    let mut command = Command::new(before[0]);
    command
        .args(&before[1..])
        .arg(std::env::current_exe().unwrap())
        .args(arguments);
    succeeded(
        &command
            .output()
            .expect("no `unshare`: run `apt install util-linux`"),
    );
    OrdinaryUser::new().test(&before, &arguments);
}
