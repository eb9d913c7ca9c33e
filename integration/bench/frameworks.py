"""What is promised, for the app of every framework: one row each.

The app is that of `integration/apps`, without migration, worker and scheduler, so that the same is started by hand. A
stand-in publishes a database that is not there: `/health` does not need it. Hook tools have no target here: theirs is for
a unit with nothing related.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tools import HERE, PYTHON, Recorder, answers, charmwright_, first_answer, print_columns, run, summary
from tools import until

APPS = HERE.parent / "apps"
DATABASE = "postgresql-k8s"
PORT = "18080"
ADDRESS = f"127.0.0.1:{PORT}"
URL = "postgresql://user:password@127.0.0.1:1/visitors"
# What the charm would give the app; each reads the ones that are its own.
VARIABLES = {
    "APP_PORT": PORT,
    "APP_SECRET_KEY": "secret",
    "DJANGO_ALLOWED_HOSTS": '["127.0.0.1"]',
    "DJANGO_SECRET_KEY": "secret",
    "FLASK_SECRET_KEY": "secret",
    "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "NODE_ENV": "production",
    "PORT": PORT,
    "POSTGRESQL_DB_CONNECT_STRING": URL,
    "POSTGRESQL_DB_HOSTNAME": "127.0.0.1",
    "POSTGRESQL_DB_NAME": "visitors",
    "POSTGRESQL_DB_PASSWORD": "password",
    "POSTGRESQL_DB_PORT": "1",
    "POSTGRESQL_DB_USERNAME": "user",
    "PYTHONPATH": "packages",
    "SERVER_PORT": PORT,
    "spring.datasource.password": "password",
    "spring.datasource.url": "jdbc:postgresql://127.0.0.1:1/visitors",
    "spring.datasource.username": "user",
}
MIGRATIONS = ("migrate.sh", "migrate.py", "app/migrate.sh", "django_visitors/manage.py")
# Targets, as in the table of the first charm: seconds, milliseconds, megabytes.
BEYOND, CPU, MEMORY = 2, 15, 12
HEADINGS = ("", "deployed", "by hand", "beyond", "first time", "update-status", "memory", "tools", "", "")
TARGETS = ("targets", "", "", f"{BEYOND} s", "", f"{CPU} ms", f"{MEMORY} MB", "", "", "")


@dataclass
class Framework:
    """How its app is built and started by hand."""

    name: str
    build: list[str]
    start: list[str]
    resource: str = "app-image"
    directory: str = "."
    options: list[str] = field(default_factory=list)


def python(name: str, server: str, start: list[str], **more) -> Framework:
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore"]
    build = [*pip, "--target", "packages", "--requirement", "requirements.txt", server]
    return Framework(name, build, [PYTHON, "-m", *start], **more)


FRAMEWORKS = [
    python(
        "django",
        "gunicorn~=23.0",
        ["gunicorn", "--chdir", "django_visitors", "--bind", ADDRESS, "django_visitors.wsgi:application"],
        resource="django-app-image",
        options=["django-allowed-hosts=127.0.0.1"],
    ),
    Framework("expressjs", ["npm", "ci", "--silent", "--no-audit", "--no-fund"], ["npm", "start"], directory="app"),
    python("fastapi", "uvicorn", ["uvicorn", "--port", PORT, "app:app"]),
    python("flask", "gunicorn~=23.0", ["gunicorn", "--bind", ADDRESS, "app:app"], resource="flask-app-image"),
    Framework("go", ["go", "build", "-o", "server", "."], ["./server"]),
    Framework(
        "spring-boot",
        ["mvn", "--quiet", "--batch-mode", "-DskipTests", "package"],
        ["bash", "-c", "java -jar target/*.jar"],
    ),
]


def bench(directory: Path, recorder: Recorder) -> None:
    rows = [HEADINGS]
    for tool in ("CHARMCRAFT", "ROCKCRAFT"):
        os.environ[f"{tool}_ENABLE_EXPERIMENTAL_EXTENSIONS"] = "true"
    for framework in FRAMEWORKS:
        rows.append(row(framework, directory, recorder))
    rows.append(TARGETS)
    print()
    print_columns(rows)


def row(framework: Framework, directory: Path, recorder: Recorder) -> tuple[str, ...]:
    name = f"{framework.name}-visitors"
    by_hand = min_of(3, Hand(framework, directory / "by-hand" / name).starts)

    project = directory / name
    copy(framework, project)
    os.chdir(project)
    pack = ["pack", "--project-dir", "charm", "--output", "charm"]
    charmwright_(*pack)
    try:
        first = deployed(framework, name)
        again = min_of(3, lambda: deployed(framework, name))

        charmwright_(*pack, "--runtime", str(recorder.program))
        deploy(framework, name)
        charmwright_("local", "wait", name)
        idle = recorder.idle(f"{name}/0")
    finally:
        if Path(".charmwright").exists():
            charmwright_("local", "destroy")
    beyond = again - by_hand
    over = [
        what
        for what, figure, target in (
            ("beyond", beyond, BEYOND),
            ("update-status", idle.cpu, CPU),
            ("memory", idle.megabytes, MEMORY),
        )
        if figure > target
    ]
    columns = (
        framework.name,
        f"{again:.2f} s",
        f"{by_hand:.2f} s",
        f"{beyond:.2f} s",
        f"{first:.1f} s",
        f"{idle.cpu:.1f} ms",
        f"{idle.megabytes:.1f} MB",
        str(len(idle.calls)),
        "over" if over else "ok",
        ", ".join(over),
    )
    print("  ".join(columns), summary(idle.calls), file=sys.stderr)
    return columns


class Hand:
    """The app, built where nothing of ours sees it, and started without us."""

    def __init__(self, framework: Framework, project: Path):
        self.framework = framework
        self.directory = project / framework.directory
        copy(framework, project)
        os.chdir(self.directory)
        run(framework.build)

    def starts(self) -> float:
        environment = {**os.environ, **VARIABLES, "PYTHONPATH": str(self.directory / "packages")}
        null = subprocess.DEVNULL
        start = time.perf_counter()
        app = subprocess.Popen(
            self.framework.start, cwd=self.directory, env=environment, start_new_session=True, stdout=null, stderr=null
        )
        try:
            until(lambda: answers(f"http://{ADDRESS}/health"), f"{self.framework.name} by hand")
            return time.perf_counter() - start
        finally:
            os.killpg(app.pid, signal.SIGKILL)
            app.wait()


def copy(framework: Framework, project: Path) -> None:
    """The app as it is in the repository, but for what is not started by hand."""
    shutil.copytree(APPS / framework.name / "app", project)
    for migration in MIGRATIONS:
        (project / migration).unlink(missing_ok=True)
    rockcraft = project / "rockcraft.yaml"
    # Its last sections: the migration of Go, services of Spring Boot that have variables, and everybody's ticks.
    lines = rockcraft.read_text().splitlines(keepends=True)
    kept, leaving = [], False
    for line in lines:
        if not line.startswith("    "):
            leaving = line.startswith("  tick-")
        if not leaving and "migrate" not in line:
            kept.append(line)
    text = "".join(kept).rstrip().removesuffix("services:")
    rockcraft.write_text(text)


def deploy(framework: Framework, name: str) -> float:
    """Deploys it beside its database, and integrates them; when that began."""
    data = {"database": "visitors", "endpoints": "127.0.0.1:1", "username": "user", "password": "password", "uris": URL}
    words = [word for key, value in data.items() for word in ("--app-data", f"{key}={value}")]
    start = time.perf_counter()
    resource = f"{framework.resource}=."
    charmwright_("local", "deploy", f"./charm/{name}_amd64.charm", name, "--resource", resource)
    if framework.options:
        charmwright_("local", "config", name, *framework.options)
    charmwright_("local", "provide", "postgresql_client", "--app", DATABASE, *words)
    charmwright_("local", "integrate", name, DATABASE)
    return start


def deployed(framework: Framework, name: str) -> float:
    start = deploy(framework, name)
    first_answer(name, "health")
    took = time.perf_counter() - start
    charmwright_("local", "destroy", "--keep-cache")
    return took


def min_of(times: int, action) -> float:
    return min(action() for _ in range(times))
