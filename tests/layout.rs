//! Apps of every framework, laid out as their rocks would have them and started by a real Pebble.
//!
//! The projects are made here, as small as they can be, with the packages of `integration/apps`, which
//! `integration/setup.sh` fetches. What is built of them is kept in `target/tmp/layout`, so that
//! only the first run is slow. Tests run as they are, and some once more by [`as_an_ordinary_user`].

#![allow(clippy::unwrap_used)]
// `Dial` is the type that providers have; everything stays on one thread.
#![allow(clippy::arc_with_non_send_sync)]

use std::fs;
use std::future::Future;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use charmwright::local::container::{self, Container, Error, Specification, prepare_image};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// How long an app may take to answer: Java's on a busy machine.
const LIMIT: Duration = Duration::from_secs(90);

/// A project's directory, and the containers made of it.
struct Project {
    directory: tempfile::TempDir,
    images: PathBuf,
    lines: Vec<String>,
}

impl Project {
    /// The files, and a rockcraft.yaml with what is given beside the framework.
    fn new(framework: &str, files: &[(&str, &str)], more: &str) -> Self {
        let executable =
            std::env::var_os("CHARMWRIGHT").unwrap_or(env!("CARGO_BIN_EXE_charmwright").into());
        container::use_executable(executable);
        let directory = tempfile::tempdir().unwrap();
        let images = std::env::var_os("IMAGES").map_or_else(
            || {
                Path::new(env!("CARGO_TARGET_TMPDIR"))
                    .join("layout")
                    .join(framework)
            },
            PathBuf::from,
        );
        let project = Self {
            directory,
            images,
            lines: Vec::new(),
        };
        project.write(
            "rockcraft.yaml",
            &format!(
                "name: my-{framework}\nbase: ubuntu@24.04\nversion: '1'\nsummary: s\ndescription: d\nplatforms:\n  \
                 amd64:\nextensions:\n- {framework}-framework\n{more}"
            ),
        );
        for (name, text) in files {
            project.write(name, text);
        }
        project
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("project")
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        if text.starts_with("#!") {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    /// Every file of the project with its content.
    fn content(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut todo = vec![self.path()];
        while let Some(path) = todo.pop() {
            if path.is_dir() {
                todo.extend(
                    fs::read_dir(&path)
                        .unwrap()
                        .map(|entry| entry.unwrap().path()),
                );
            } else {
                found.push((path.clone(), fs::read(&path).unwrap()));
            }
        }
        found.sort();
        found
    }

    async fn prepare(&mut self) -> Result<PathBuf, Error> {
        let (sender, mut lines) = tokio::sync::mpsc::unbounded_channel();
        let before = self.content();
        let image = prepare_image(&self.path(), &self.images, Some(sender)).await;
        assert!(self.content() == before, "the project was written to");
        self.lines.clear();
        while let Some(line) = lines.recv().await {
            self.lines.push(line);
        }
        image
    }

    /// A container with all services started.
    async fn start(&mut self) -> Unit {
        let image = self
            .prepare()
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(self.prepare().await.unwrap(), image);
        let built = |line: &&String| line.starts_with("building") || line.starts_with("installing");
        assert_eq!(
            self.lines.iter().find(built),
            None,
            "the second time builds nothing"
        );
        let specification = Specification {
            unit: "web/3".into(),
            container: "app".into(),
            image,
            images: self.images.clone(),
            directory: self.directory.path().join("unit"),
            pebble: pebble(),
            hostname: "web-3".into(),
            fqdn: "web-3.web-endpoints.demo.svc.cluster.local".into(),
        };
        let dial = Arc::new(|_, _| {
            let refused: std::pin::Pin<Box<dyn Future<Output = _>>> =
                Box::pin(async { Err(std::io::ErrorKind::NotFound.into()) });
            refused
        });
        let unit = Unit(Container::start(specification, dial).await.unwrap());
        let answer = unit
            .pebble("POST", "/v1/services", r#"{"action":"autostart"}"#)
            .await;
        assert!(answer.contains(" 202 "), "{answer}");
        unit
    }
}

struct Unit(Container);

impl Unit {
    /// The answer to a GET, once there is one with status 200.
    async fn get(&self, port: u16, path: &str) -> String {
        let limit = Instant::now() + LIMIT;
        loop {
            if let Ok(answer) = self.ask(port, path).await
                && answer.split(' ').nth(1) == Some("200")
            {
                return answer.split_once("\r\n\r\n").unwrap().1.to_owned();
            }
            assert!(
                Instant::now() < limit,
                "no answer from {port}{path}: {}",
                fs::read_to_string(self.0.log()).unwrap()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn ask(&self, port: u16, path: &str) -> std::io::Result<String> {
        let mut stream = self.0.dial(port).await?;
        let request = format!("GET {path} HTTP/1.0\r\nHost: web\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    async fn pebble(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = tokio::net::UnixStream::connect(self.0.socket())
            .await
            .unwrap();
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: \
             {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// Stops it, and gives what the services printed.
    async fn stop(self) -> String {
        let log = fs::read_to_string(self.0.log()).unwrap();
        self.0.stop().await.unwrap();
        log
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

fn run<F: Future<Output = ()>>(test: F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    runtime.block_on(local.run_until(async {
        tokio::time::timeout(Duration::from_secs(500), test)
            .await
            .expect("the test takes too long");
    }));
}

const FLASK: &str = "\
import flask, json, os, pathlib, shutil, socket, tempfile
app = flask.Flask(__name__)
@app.get('/')
def index():
    return f'{os.getcwd()} {sorted(os.listdir())}'
@app.get('/machine')
def machine():
    with tempfile.TemporaryFile() as file:
        file.write(b'x')
    return dict(
        hostname=socket.gethostname(),
        file=pathlib.Path('/etc/hostname').read_text(),
        address=socket.gethostbyname(socket.gethostname()),
        path=os.environ['PATH'],
        programs=[shutil.which(name) for name in ('python3', 'gunicorn', 'bash', 'flask')],
        log=os.access('/var/log/flask', os.W_OK),
        uid=os.getuid(),
    )
";

const FLASK_FILES: [(&str, &str); 4] = [
    ("requirements.txt", "Flask==3.1.3\n"),
    ("app.py", FLASK),
    ("migrate.py", ""),
    ("notes.txt", ""),
];

#[test]
fn a_flask_app_answers_through_gunicorn_and_is_counted_by_the_statsd_exporter() {
    run(async {
        let mut project = Project::new("flask", &FLASK_FILES, "");
        let unit = project.start().await;
        assert_eq!(project.lines, Vec::<String>::new());
        let expected = "/flask/app ['__pycache__', 'app.py', 'migrate.py']";
        assert_eq!(unit.get(8000, "/").await, expected);

        let machine: serde_json::Value =
            serde_json::from_str(&unit.get(8000, "/machine").await).unwrap();
        let root = fs::read_to_string("/proc/self/uid_map")
            .unwrap()
            .contains("4294967295");
        assert_eq!(
            machine,
            serde_json::json!({
                "hostname": "web-3",
                "file": "web-3\n",
                "address": "127.0.1.1",
                "path": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "programs": ["/usr/local/bin/python3", "/usr/local/bin/gunicorn", "/usr/bin/bash", "/usr/local/bin/flask"],
                "log": true,
                "uid": if root { 584_792 } else { 0 },
            })
        );

        let limit = Instant::now() + LIMIT;
        let metrics = loop {
            let metrics = unit.get(9102, "/metrics").await;
            if metrics.contains("flask_request_duration_count 2") || Instant::now() > limit {
                break metrics;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        for line in [
            "flask_response_code{status=\"200\"} 2",
            "flask_requests 2",
            "flask_request_duration_count 2",
        ] {
            assert!(metrics.contains(line), "{line}: {metrics}");
        }
        unit.stop().await;
    });
}

#[test]
fn without_a_statsd_exporter_the_app_answers_all_the_same() {
    if std::env::var_os("WITHOUT").is_none() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "without_a_statsd_exporter_the_app_answers_all_the_same",
            ])
            .env("WITHOUT", "1")
            .env("HOME", "/nowhere")
            .env("PATH", "/usr/bin:/bin")
            .env_remove("GOBIN")
            .env_remove("GOPATH")
            .output()
            .unwrap();
        return succeeded(&output);
    }
    run(async {
        if Path::new("/usr/bin/prometheus-statsd-exporter").exists() {
            return;
        }
        let mut project = Project::new("flask", &FLASK_FILES, "");
        let unit = project.start().await;
        assert_eq!(
            project.lines,
            [
                "there are no metrics of gunicorn: `prometheus-statsd-exporter` is not installed on this machine; run `go \
              install github.com/prometheus/statsd_exporter@v0.26.0`, then deploy or refresh again"
            ]
        );
        unit.get(8000, "/").await;
        let services = unit
            .pebble("GET", "/v1/services?names=statsd-exporter", "")
            .await;
        assert!(services.contains("\"current\":\"active\""), "{services}");
        let log = unit.stop().await;
        assert!(
            log.contains("is not installed on the machine of this local model"),
            "{log}"
        );
    });
}

#[test]
fn a_flask_project_that_is_a_package_is_installed() {
    run(async {
        let files = [
            (
                "pyproject.toml",
                "[project]\nname = 'greetings'\nversion = '1'\ndependencies = ['Flask==3.1.3']\n[tool.setuptools]\n\
                 packages = ['greetings']\n",
            ),
            ("greetings/__init__.py", "GREETING = 'a package'\n"),
            (
                "app.py",
                "import flask, greetings\napp = flask.Flask(__name__)\n\
                 @app.get('/')\ndef index(): return f'{greetings.GREETING} {greetings.__file__}'\n",
            ),
        ];
        let mut project = Project::new("flask", &files, "");
        let unit = project.start().await;
        let answer = unit.get(8000, "/").await;
        assert!(
            answer.starts_with("a package /usr/")
                && answer.ends_with("-packages/greetings/__init__.py"),
            "{answer}"
        );
        unit.stop().await;
    });
}

#[test]
fn a_command_of_ones_own_and_gevent_work_as_in_the_rock() {
    run(async {
        let files = [
            ("requirements.txt", "Flask==3.1.3\n"),
            ("web/app.py", FLASK),
        ];
        let more = "services:\n  flask:\n    command: /bin/python3 -m gunicorn -c /flask/gunicorn.conf.py web.app:app \
                    --backlog 1024 -k [ gevent ]\nparts:\n  flask-framework/dependencies:\n    python-packages:\n    - \
                    gunicorn[gevent]\n  flask-framework/install-app:\n    prime:\n    - flask/app/web\n";
        let mut project = Project::new("flask", &files, more);
        let unit = project.start().await;
        assert_eq!(unit.get(8000, "/").await, "/flask/app ['web']");
        let log = unit.stop().await;
        assert!(log.contains("Using worker: gevent"), "{log}");
    });
}

#[test]
fn a_django_project_answers_through_gunicorn() {
    run(async {
        let wsgi = "\
import os, django.conf, django.core.wsgi, django.http, django.urls
def index(request):
    return django.http.HttpResponse(f'{os.getcwd()} {sorted(os.listdir())}')
urlpatterns = [django.urls.path('', index)]
django.conf.settings.configure(SECRET_KEY='x', ALLOWED_HOSTS=['*'], ROOT_URLCONF=__name__)
application = django.core.wsgi.get_wsgi_application()
";
        let files = [
            ("requirements.txt", "Django==5.2.19\n"),
            ("my_django/my_django/wsgi.py", wsgi),
            ("my_django/manage.py", ""),
            ("my_django/.hidden", ""),
            ("my_django/db.sqlite3", ""),
        ];
        let mut project = Project::new("django", &files, "");
        let unit = project.start().await;
        let expected = "/django/app ['.hidden', 'manage.py', 'my_django']";
        assert_eq!(unit.get(8000, "/").await, expected);
        unit.stop().await;
    });
}

const GO: &str = r#"package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		directory, _ := os.Getwd()
		static, _ := os.ReadFile("static/x")
		migrated, err := exec.Command("/app/migrate").CombinedOutput()
		fmt.Fprint(w, directory, " ", string(static), string(migrated), err)
	})
	http.ListenAndServe(":8080", nil)
}
"#;

#[test]
fn a_go_app_answers_and_its_migrate_program_is_where_the_charm_looks() {
    run(async {
        let files = [
            ("go.mod", "module example.com/my-go\n\ngo 1.22\n"),
            ("main.go", GO),
            (
                "cmd/migrate/main.go",
                "package main\n\nfunc main() { println(\"migrated\") }\n",
            ),
            ("static/x", "static "),
        ];
        let more =
            "parts:\n  go-framework/install-app:\n    organize:\n      bin/migrate: app/migrate\n";
        let mut project = Project::new("go", &files, more);
        let unit = project.start().await;
        assert_eq!(unit.get(8080, "/").await, "/app static migrated\n<nil>");
        unit.stop().await;
        // A change is built, and what does not compile is told in a line.
        project.write(
            "cmd/migrate/main.go",
            "package main\n\nfunc main() { nothing() }\n",
        );
        let error = project.prepare().await.unwrap_err().to_string();
        let log = project.images.canonicalize().unwrap().join("my-go-go.log");
        assert_eq!(
            error,
            format!(
                "cannot build the app, `go install` failed: cmd/migrate/main.go:3:15: undefined: nothing; all it said \
                 is in `{}`",
                log.display()
            )
        );
        assert!(
            fs::read_to_string(log)
                .unwrap()
                .contains("undefined: nothing")
        );
        // A program of another name than the rock's.
        project.write("cmd/migrate/main.go", "package main\n\nfunc main() {}\n");
        project.write("go.mod", "module example.com/other\n\ngo 1.22\n");
        let error = project.prepare().await.unwrap_err().to_string();
        assert_eq!(
            error,
            "part `go-framework/install-app` of `rockcraft.yaml` has no `bin/my-go` to put into the image, only \
             `bin/migrate`, `bin/other`; correct its `organize`"
        );
    });
}

#[test]
fn an_express_app_answers_with_its_packages() {
    run(async {
        let package = r#"{
            "name": "@me/my-app", "version": "1.0.0",
            "scripts": {"start": "node server.js"}, "files": ["server.js", "migrate.sh"],
            "dependencies": {"express": "5.3.0"}, "devDependencies": {"is-odd": "3.0.1"}
        }"#;
        let server = "\
const app = require('express')();
const fs = require('fs');
app.get('/', (request, response) => {
  const packages = fs.readdirSync('node_modules').filter((name) => /^(express|is-odd)$/.test(name));
  response.send(`${fs.readdirSync('/app')} ${packages} ${process.env.NODE_ENV} ${require('os').hostname()}`);
});
app.listen(process.env.PORT || 8080);
";
        let files = [
            ("app/package.json", package),
            ("app/server.js", server),
            ("app/migrate.sh", "#!/bin/bash\n"),
            ("app/.npmrc", "//registry.example/:_authToken=secret\n"),
            ("app/notes.txt", ""),
            (
                "app/node_modules/express/index.js",
                "throw new Error('not ours')",
            ),
        ];
        let mut project = Project::new("expressjs", &files, "");
        let unit = project.start().await;
        let expected = "migrate.sh,node_modules,package-lock.json,package.json,server.js express production web-3";
        assert_eq!(unit.get(8080, "/").await, expected);
        let log = unit.stop().await;
        assert!(!log.to_lowercase().contains("error"), "{log}");
        // With a lock that does not fit.
        project.write(
            "app/package-lock.json",
            "{\"name\": \"@me/my-app\", \"lockfileVersion\": 3, \"packages\": {}}",
        );
        let error = project.prepare().await.unwrap_err().to_string();
        assert!(
            error.starts_with(
                "cannot build the app, `npm ci` failed: `npm ci` can only install packages when"
            ),
            "{error}"
        );
    });
}

/// With the parent of `integration/apps/spring-boot`, the plugins of which are there already.
const POM: &str = r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <parent>
    <groupId>org.springframework.boot</groupId>
    <artifactId>spring-boot-starter-parent</artifactId>
    <version>3.5.16</version>
    <relativePath/>
  </parent>
  <groupId>com.example</groupId>
  <artifactId>web</artifactId>
  <version>1</version>
  <properties>
    <java.version>17</java.version>
    <start-class>Web</start-class>
  </properties>
</project>
"#;

const JAVA: &str = r#"
import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.net.InetSocketAddress;
import java.util.Arrays;

public class Web {
    public static void main(String[] arguments) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(8080), 0);
        server.createContext("/", exchange -> {
            String[] files = new File(".").list();
            Arrays.sort(files);
            String text = String.join(" ", files) + " " + System.getProperty("java.io.tmpdir");
            exchange.sendResponseHeaders(200, text.length());
            exchange.getResponseBody().write(text.getBytes());
            exchange.close();
        });
        server.start();
    }
}
"#;

#[test]
fn a_java_app_answers_from_its_jar() {
    run(async {
        let files = [
            ("pom.xml", POM),
            ("src/main/java/Web.java", JAVA),
            ("migrate.sh", "#!/bin/bash\n"),
            ("target/old.jar", ""),
        ];
        let mut project = Project::new("spring-boot", &files, "");
        let unit = project.start().await;
        assert_eq!(unit.get(8080, "/").await, "migrate.sh web-1.jar /tmp");
        unit.stop().await;
        project.write("src/main/java/Web.java", "public class Web { nothing }");
        let error = project.prepare().await.unwrap_err().to_string();
        assert!(
            error.starts_with(
                "cannot build the app, `mvn package` failed: src/main/java/Web.java:[1,27] <identifier> expected; all \
                 it said is in `"
            ),
            "{error}"
        );
    });
}

#[test]
fn wrappers_build_where_the_project_has_them() {
    run(async {
        let gradlew = "#!/bin/sh\nset -e\ntest ! -e build/old\nmkdir -p build/libs\n\
                       echo \"$*\" > build/libs/web.jar\ntouch build/libs/web-plain.jar\n";
        let files = [
            ("build.gradle", ""),
            ("gradlew", gradlew),
            ("build/old", ""),
            ("migrate.sh", "#!/bin/bash\n"),
        ];
        let mut project = Project::new("spring-boot", &files, "");
        let app = project.prepare().await.unwrap().join("root/app");
        assert_eq!(names(&app), ["migrate.sh", "web.jar"]);
        assert_eq!(
            fs::read_to_string(app.join("web.jar")).unwrap(),
            "--no-daemon --quiet --console=plain build --exclude-task test\n"
        );

        let mvnw = "#!/bin/sh\nset -e\nmkdir target module/target\n\
                    echo \"$JAVA_HOME $COLOUR\" > target/web.jar\ntouch target/web.jar.original\n";
        let files = [("pom.xml", ""), ("mvnw", mvnw), ("module/x", "")];
        let more = "parts:\n  spring-boot-framework/install-app:\n    maven-use-mvnw: true\n    build-environment:\n    \
                    - COLOUR: green\n    organize:\n      jar/web.jar: app/server.jar\n";
        let mut project = Project::new("spring-boot", &files, more);
        let app = project.prepare().await.unwrap().join("root/app");
        assert_eq!(names(&app), ["server.jar"]);
        let text = fs::read_to_string(app.join("server.jar")).unwrap();
        let home = text.strip_suffix(" green\n").unwrap();
        assert!(Path::new(home).join("bin/javac").exists(), "{text}");

        project.write("mvnw", "#!/bin/sh\nexit 0\n");
        let error = project.prepare().await.unwrap_err().to_string();
        assert_eq!(
            error,
            "part `spring-boot-framework/install-app` of `rockcraft.yaml` has no `jar/web.jar` to put into the image, \
             only nothing at all; correct its `organize`"
        );
    });
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn succeeded(output: &std::process::Output) {
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A program on PATH or where `go install` puts it.
fn program(name: &str, install: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    std::env::split_paths(&path)
        .chain([home.join("go/bin")])
        .map(|directory| directory.join(name))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("no `{name}`: run `{install}`"))
}

#[test]
fn as_an_ordinary_user() {
    if std::env::var_os("IMAGES").is_some() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let exporter = program(
        "statsd_exporter",
        "go install github.com/prometheus/statsd_exporter@v0.26.0",
    );
    // Where this repository is, an ordinary user may not be allowed to look.
    for (from, name) in [
        (exporter, "statsd_exporter"),
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
    let executable = home.path().join("charmwright-container");
    let output = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
        .arg(&executable)
        .arg("user-namespace")
        .arg(home.path().join("test"))
        .args(["--exact", "an_express_app_answers_with_its_packages"])
        .arg("a_flask_app_answers_through_gunicorn_and_is_counted_by_the_statsd_exporter")
        .env("PEBBLE", home.path().join("pebble"))
        .env("TMPDIR", home.path())
        .env("HOME", home.path())
        .env("PATH", format!("{}:/usr/bin:/bin", home.path().display()))
        .env("IMAGES", home.path().join("images"))
        .env("CHARMWRIGHT", executable)
        .env_remove("GOBIN")
        .env_remove("GOPATH")
        .current_dir(home.path())
        .output()
        .expect("no `setpriv`: run `apt install util-linux`");
    succeeded(&output);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("2 passed"), "{said}");
}
