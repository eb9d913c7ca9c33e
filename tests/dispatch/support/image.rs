//! An image without Python: a service that writes down its environment and its starts, and a migration to order.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use super::gunicorn;

/// The user of a rock's services, by its number.
const DAEMON: u32 = 584_792;

/// What a service does: tests put more into `/tmp/SERVICE.sh`.
const SERVICE: &str = "\
env -0 > /tmp/env-$1.new
mv /tmp/env-$1.new /tmp/env-$1
echo start >> /tmp/starts-$1
if [ -e /tmp/$1.sh ]; then . /tmp/$1.sh; fi
exec sleep 100000
";

/// What a migration does: tests put more into `/tmp/migrate.sh`.
const MIGRATE: &str = "\
echo run >> /tmp/migrations
if [ -e /tmp/migrate.sh ]; then . /tmp/migrate.sh; fi
";

/// The layer of a rock with the app, and an exporter that is none of the charm's business.
pub const LAYER: &str = "\
summary: web
services:
  fastapi:
    override: replace
    startup: enabled
    command: /bin/bash /app/service fastapi
    user: _daemon_
    working-dir: /app
    environment: {UVICORN_HOST: 127.0.0.1, ROCK_ONLY: from the rock, APP_GREETING: from the rock}
  exporter:
    override: replace
    startup: enabled
    command: /bin/bash /app/service exporter
    environment: {EXPORTS: everything}
";

/// The same with a worker and a scheduler.
pub const WITH_HELPERS: &str = "\
summary: web
services:
  fastapi:
    override: replace
    startup: enabled
    command: /bin/bash /app/service fastapi
    user: _daemon_
    working-dir: /app
    environment: {UVICORN_HOST: 127.0.0.1, ROCK_ONLY: from the rock, APP_GREETING: from the rock}
  exporter:
    override: replace
    startup: enabled
    command: /bin/bash /app/service exporter
    environment: {EXPORTS: everything}
  jobs-worker:
    override: replace
    startup: enabled
    command: /bin/bash /app/service jobs-worker
    environment: {ROCK_ONLY: of the worker}
  cron-scheduler:
    override: replace
    startup: enabled
    command: /bin/bash /app/service cron-scheduler
";

/// What stands for the programs that rocks of the frameworks start: the service of the framework.
const PROGRAMS: [&str; 4] = [
    "usr/bin/python3",
    "usr/local/bin/npm",
    "usr/local/bin/java",
    "usr/local/bin/hello-go",
];

/// One of them. Gunicorn finds nothing wrong with its config, and Django makes a superuser in its own way.
const PROGRAM: &str = "\
#!/bin/bash
case \" $* \" in
*' --check-config '*) exit 0 ;;
*' manage.py createsuperuser '*)
    env -0 > /tmp/env-createsuperuser
    id -un > /tmp/user-createsuperuser
    if [ -e /tmp/createsuperuser.sh ]; then . /tmp/createsuperuser.sh; fi
    exit 0 ;;
esac
exec /bin/bash /app/service FRAMEWORK
";

/// What stands for the exporter of Flask's and Django's rocks.
const EXPORTER: &str = "#!/bin/bash\nexec /bin/bash /app/service statsd-exporter\n";

/// Makes the image in `directory` and answers with its path.
pub fn make(directory: &Path, layer: &str, framework: &str, packages: &[&str]) -> PathBuf {
    let image = directory.join("images/web");
    let root = image.join("root");
    let layers = root.join("var/lib/pebble/default/layers");
    fs::create_dir_all(&layers).unwrap();
    fs::write(layers.join("001-rockcraft-web.yaml"), layer).unwrap();
    fs::create_dir_all(root.join("app")).unwrap();
    fs::write(root.join("app/service"), SERVICE).unwrap();
    let app = match framework {
        "django" | "flask" => format!("{framework}/app"),
        _ => "app".to_owned(),
    };
    fs::create_dir_all(root.join(&app)).unwrap();
    let migrate = format!("{app}/migrate.sh");
    fs::write(root.join(&migrate), MIGRATE).unwrap();
    if packages.is_empty() {
        add_stand_ins(&root, framework);
    } else {
        gunicorn::add(&root, packages);
    }
    let is_root = fs::read_to_string("/proc/self/uid_map")
        .unwrap()
        .contains("4294967295");
    if is_root {
        for name in ["app", "app/service", &app, &migrate] {
            chown(root.join(name), Some(DAEMON), Some(DAEMON)).unwrap();
        }
    }
    let project = directory.join("project");
    fs::write(
        image.join("image.json"),
        format!(r#"{{"project": {project:?}, "python": null}}"#),
    )
    .unwrap();
    image
}

fn add_stand_ins(root: &Path, framework: &str) {
    let program = PROGRAM.replace("FRAMEWORK", framework);
    for (name, text) in PROGRAMS
        .map(|name| (name, program.as_str()))
        .into_iter()
        .chain([("usr/bin/statsd_exporter", EXPORTER)])
    {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}
