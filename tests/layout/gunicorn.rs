//! Flask and Django, behind gunicorn and its statsd exporter.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::project::Project;
use super::unit::LIMIT;
use super::{run, succeeded};

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
                "gunicorn::without_a_statsd_exporter_the_app_answers_all_the_same",
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
