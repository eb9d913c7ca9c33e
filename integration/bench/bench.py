"""Times what is promised and prints a table; targets are beside the figures. It never fails for a slow figure.

bench.py CHARMWRIGHT PEBBLE: the release executable, and the Pebble for the local model.
"""

import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from json import loads
from pathlib import Path

HERE = Path(__file__).resolve().parent
APP = HERE.parent / "apps" / "fastapi" / "1-hello"
NAME = "fastapi-hello-world"
CHARM = f"{NAME}_amd64.charm"
PYTHON = "/bin/python3"
LIMIT = 120  # seconds until something is given up


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
            hooks(table, directory, charmwright)
        finally:
            if Path(".charmwright").exists():
                charmwright_("local", "destroy")
    table.print()


def startup(table: "Table", directory: Path) -> None:
    """The executable's start and end, beside those of a C program that does nothing."""
    nothing = directory / "nothing"
    compile_c("-x", "c", "-o", str(nothing), "-", source="int main(void) { return 0; }\n")
    empty = median_of(200, lambda: spawn([str(nothing)]))
    program = shutil.which("charmwright")
    took = median_of(200, lambda: spawn([program, "--version"]))
    table.add("start-up (`charmwright --version`)", milliseconds(took), 2, "ms", f"an empty C program: {milliseconds(empty):.1f} ms")


def packing(table: "Table") -> None:
    command = [shutil.which("charmwright"), "pack", "--project-dir", "charm", "--output", "charm"]
    took = median_of(10, lambda: spawn(command))
    size = Path("charm", CHARM).stat().st_size
    table.add("`pack`", milliseconds(took), 100, "ms", f"a charm of {size / 1e6:.1f} MB")


def deployment(table: "Table", directory: Path) -> None:
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


def hooks(table: "Table", directory: Path, charmwright: Path) -> None:
    """What an event costs a unit with nothing related, when nothing has changed."""
    records, tools = directory / "records", directory / "tools"
    recorder = directory / "recorder"
    compile_c(
        *(f'-D{name}="{value}"' for name, value in {"REAL": charmwright, "TOOLS": tools, "RECORDS": records}.items()),
        "-o", str(recorder), str(HERE / "recorder.c"),
    )  # fmt: skip
    deploy("probe")
    charmwright_("local", "wait", "probe")
    tools.mkdir()
    for tool in hook_tools():
        (tools / tool).symlink_to(recorder)
    charmwright_("local", "destroy", "--keep-cache")

    charmwright_("pack", "--project-dir", "charm", "--output", "charm", "--runtime", str(recorder))
    deploy(NAME)
    charmwright_("local", "wait", NAME)

    def fire(event: str) -> "Hook":
        records.write_text("")
        charmwright_("local", "fire", f"{NAME}/0", event)
        return Hook.of(records.read_text())

    fire("update-status")
    times = [fire("update-status") for _ in range(20)]
    cpu = statistics.median(hook.cpu for hook in times) / 1000
    wall = statistics.median(hook.wall for hook in times) / 1000
    memory = max(hook.kilobytes for hook in times) / 1000
    table.add("`update-status`, nothing to do: own processor time", cpu, 15, "ms", f"{wall:.1f} ms by the clock with its hook tools")
    table.add("`update-status`, nothing to do: resident memory at most", memory, 12, "MB")

    metadata = charmwright_("expand-extensions", "--project-dir", "charm", "--format", "json")
    expanded = loads(metadata)
    endpoints = sum(len(expanded.get(role) or {}) for role in ("peers", "provides", "requires"))
    for event in ("config-changed", "start", "upgrade-charm", "leader-elected", "app-pebble-ready", "update-status"):
        hook = fire(event)
        table.add(f"hook tool calls, `{event}`", len(hook.calls), endpoints + 4, "", summary(hook.calls))


class Hook:
    """One run of the charm: microseconds and kilobytes, without its hook tools where it can be told."""

    def __init__(self, wall: int, cpu: int, kilobytes: int, calls: list[str]):
        self.wall, self.cpu, self.kilobytes, self.calls = wall, cpu, kilobytes, calls

    @classmethod
    def of(cls, records: str) -> "Hook":
        lines = [line.split() for line in records.splitlines()]
        (hook,) = [line for line in lines if line[0] == "hook"]
        tools = [line for line in lines if line[0] == "tool"]
        cpu = int(hook[4]) - sum(int(tool[4]) for tool in tools)
        return cls(int(hook[3]), cpu, int(hook[5]), [tool[1] for tool in tools])


class Table:
    def __init__(self) -> None:
        self.rows = [("", "figure", "target", "", "")]

    def add(self, what: str, figure: float, target: float, unit: str, remark: str = "") -> None:
        verdict = "ok" if figure <= target else "over"
        shown = f"{figure:.2f}" if isinstance(figure, float) else str(figure)
        self.rows.append((what, f"{shown} {unit}".strip(), f"{target} {unit}".strip(), verdict, remark))
        print(f"{what}: {shown} {unit}", file=sys.stderr)

    def print(self) -> None:
        print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
        widths = [max(map(len, column)) for column in zip(*self.rows, strict=True)]
        for what, figure, target, verdict, remark in self.rows:
            row = (f"{what:<{widths[0]}}", f"{figure:>{widths[1]}}", f"{target:>{widths[2]}}", f"{verdict:<4}", remark)
            print("  ".join(row).rstrip())


def deploy(application: str) -> None:
    charmwright_("local", "deploy", f"./charm/{CHARM}", application, "--resource", "app-image=.")


def first_answer(application: str) -> None:
    def look() -> bool:
        units = loads(charmwright_("local", "status", "--format", "json"))["applications"][application]["units"]
        addresses = units[f"{application}/0"]["addresses"]
        return bool(addresses) and answers(addresses[0])

    until(look, f"`{application}` answers")


def answers(url: str) -> bool:
    with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    return False


def hook_tools() -> list[str]:
    """The names that the local model puts on a unit's PATH."""
    return sorted(os.listdir(".charmwright/tools"))


def summary(names: list[str]) -> str:
    counts = {name: names.count(name) for name in sorted(set(names))}
    return ", ".join(name if count == 1 else f"{name} ×{count}" for name, count in counts.items())


def until(condition, what: str) -> None:
    limit = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > limit:
            sys.exit(f"not within {LIMIT} s: {what}")
        time.sleep(0.005)


def spawn(command: list[str]) -> None:
    null = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    child = os.posix_spawn(command[0], command, os.environ, file_actions=null)
    _, status = os.waitpid(child, 0)
    if status != 0:
        sys.exit(f"{command} failed")


def median_of(times: int, action) -> float:
    took = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        took.append(time.perf_counter() - start)
    return statistics.median(took)


def milliseconds(seconds: float) -> float:
    return seconds * 1000


def charmwright_(*arguments: str) -> str:
    return run(["charmwright", *arguments])


def compile_c(*arguments: str, source: str | None = None) -> None:
    run(["cc", "-O2", "-static", "-s", "-Wall", *arguments], source)


def run(command: list[str], stdin: str | None = None) -> str:
    done = subprocess.run(command, input=stdin or "", capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"`{' '.join(command)}` failed:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
