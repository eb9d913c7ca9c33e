"""Times what is promised and prints a table; targets are beside the figures. It never fails for a slow figure.

bench.py CHARMWRIGHT PEBBLE: the release executable, and the Pebble for the local model.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import frameworks
from tools import HERE, PYTHON, Recorder, Table, answers, charmwright_, compile_c, endpoints, first_answer, median_of
from tools import milliseconds, run, spawn, summary, until

APP = HERE.parent / "apps" / "fastapi" / "1-hello"
NAME = "fastapi-hello-world"
CHARM = f"{NAME}_amd64.charm"


def main(charmwright: Path, pebble: Path) -> None:
    table = Table()
    with tempfile.TemporaryDirectory(prefix="charmwright-bench-") as name:
        directory = Path(name)
        programs = directory / "programs"
        programs.mkdir()
        (programs / "charmwright").symlink_to(charmwright)
        (programs / "pebble").symlink_to(pebble)
        os.environ["PATH"] = f"{programs}:{os.environ['PATH']}"
        project = directory / NAME
        shutil.copytree(APP, project)
        os.chdir(project)
        charmwright_("rock", "init", "--profile", "fastapi-framework")
        charmwright_("init", "--profile", "fastapi-framework", "--name", NAME, "--author", "Bench", "charm")

        startup(table, directory)
        packing(table)
        try:
            deployment(table, directory)
            recorder = Recorder(directory, charmwright)
            hooks(table, recorder)
        finally:
            if Path(".charmwright").exists():
                charmwright_("local", "destroy")
        print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
        table.print()
        frameworks.bench(directory, recorder)


def startup(table: Table, directory: Path) -> None:
    """The executable's start and end, beside those of a C program that does nothing."""
    nothing = directory / "nothing"
    compile_c("-x", "c", "-o", str(nothing), "-", source="int main(void) { return 0; }\n")
    empty = median_of(200, lambda: spawn([str(nothing)]))
    program = shutil.which("charmwright")
    took = median_of(200, lambda: spawn([program, "--version"]))
    table.add("start-up (`charmwright --version`)", milliseconds(took), 2, "ms", f"an empty C program: {milliseconds(empty):.1f} ms")


def packing(table: Table) -> None:
    command = [shutil.which("charmwright"), "pack", "--project-dir", "charm", "--output", "charm"]
    took = median_of(10, lambda: spawn(command))
    size = Path("charm", CHARM).stat().st_size
    table.add("`pack`", milliseconds(took), 100, "ms", f"a charm of {size / 1e6:.1f} MB")


def deployment(table: Table, directory: Path) -> None:
    """From `local deploy` to the first answer, beside the app started by hand; packages are installed before."""
    packages = directory / "packages"
    run([PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore"]
        + ["--target", str(packages), "--requirement", "requirements.txt", "uvicorn"])
    by_hand = min(start_by_hand(packages) for _ in range(3))

    start = time.perf_counter()
    deploy("cold")
    first_answer("cold")
    cold = time.perf_counter() - start
    charmwright_("local", "destroy", "--keep-cache")

    def once() -> float:
        start = time.perf_counter()
        deploy(NAME)
        first_answer(NAME)
        took = time.perf_counter() - start
        charmwright_("local", "destroy", "--keep-cache")
        return took

    deployed = min(once() for _ in range(3))
    table.add(
        "`local deploy` to the first 200, beyond the app by hand",
        deployed - by_hand,
        2,
        "s",
        f"{deployed:.2f} s and {by_hand:.2f} s; the first time, with pip, {cold:.1f} s",
    )


def start_by_hand(packages: Path) -> float:
    port = 18080
    start = time.perf_counter()
    app = subprocess.Popen(
        [PYTHON, "-m", "uvicorn", "app:app", "--port", str(port)],
        env={**os.environ, "PYTHONPATH": str(packages)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}/"), "the app by hand")
        return time.perf_counter() - start
    finally:
        app.kill()
        app.wait()


def hooks(table: Table, recorder: Recorder) -> None:
    """What an event costs a unit with nothing related, when nothing has changed."""
    deploy("probe")
    charmwright_("local", "wait", "probe")
    recorder.learn_tools()
    charmwright_("local", "destroy", "--keep-cache")

    charmwright_("pack", "--project-dir", "charm", "--output", "charm", "--runtime", str(recorder.program))
    deploy(NAME)
    charmwright_("local", "wait", NAME)

    unit = f"{NAME}/0"
    idle = recorder.idle(unit)
    remark = f"{idle.wall:.1f} ms by the clock with its hook tools"
    table.add("`update-status`, nothing to do: own processor time", idle.cpu, 15, "ms", remark)
    table.add("`update-status`, nothing to do: resident memory at most", idle.megabytes, 12, "MB")
    for event in ("config-changed", "start", "upgrade-charm", "leader-elected", "app-pebble-ready", "update-status"):
        hook = recorder.fire(unit, event)
        table.add(f"hook tool calls, `{event}`", len(hook.calls), endpoints() + 4, "", summary(hook.calls))


def deploy(application: str) -> None:
    charmwright_("local", "deploy", f"./charm/{CHARM}", application, "--resource", "app-image=.")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
