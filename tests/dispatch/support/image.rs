//! An image without Python: a service that writes down its environment and its starts, and a migration to order.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

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

/// Makes the image in `directory` and answers with its path.
pub fn make(directory: &Path, layer: &str) -> PathBuf {
    let image = directory.join("images/web");
    let root = image.join("root");
    let layers = root.join("var/lib/pebble/default/layers");
    fs::create_dir_all(&layers).unwrap();
    fs::write(layers.join("001-rockcraft-web.yaml"), layer).unwrap();
    fs::create_dir_all(root.join("app")).unwrap();
    fs::write(root.join("app/service"), SERVICE).unwrap();
    fs::write(root.join("app/migrate.sh"), MIGRATE).unwrap();
    let is_root = fs::read_to_string("/proc/self/uid_map")
        .unwrap()
        .contains("4294967295");
    if is_root {
        for name in ["app", "app/service", "app/migrate.sh"] {
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
