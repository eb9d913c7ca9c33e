"""What the benchmarks share."""

import contextlib
import os
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from json import loads
from pathlib import Path

HERE = Path(__file__).resolve().parent
PYTHON = "/bin/python3"
LIMIT = 120  # seconds until something is given up


class Recorder:
    """Stands for the charm and its hook tools, and writes down what each costs."""

    def __init__(self, directory: Path, charmwright: Path):
        self.program = directory / "recorder"
        self.records, self.tools = directory / "records", directory / "tools"
        words = {"REAL": charmwright, "TOOLS": self.tools, "RECORDS": self.records}
        defines = [f'-D{name}="{value}"' for name, value in words.items()]
        compile_c(*defines, "-o", str(self.program), str(HERE / "recorder.c"))

    def learn_tools(self) -> None:
        """From the model that is there: the names that it puts on a unit's PATH."""
        self.tools.mkdir()
        for tool in os.listdir(".charmwright/tools"):
            (self.tools / tool).symlink_to(self.program)

    def fire(self, unit: str, event: str) -> "Hook":
        self.records.write_text("")
        charmwright_("local", "fire", unit, event)
        return Hook.of(self.records.read_text())

    def idle(self, unit: str) -> "Idle":
        """Twenty times `update-status`, when there is nothing to do."""
        self.fire(unit, "update-status")
        hooks = [self.fire(unit, "update-status") for _ in range(20)]
        return Idle(
            cpu=statistics.median(hook.cpu for hook in hooks) / 1000,
            wall=statistics.median(hook.wall for hook in hooks) / 1000,
            megabytes=max(hook.kilobytes for hook in hooks) / 1000,
            calls=hooks[-1].calls,
        )


@dataclass
class Idle:
    """Milliseconds, megabytes and hook tools of an `update-status`."""

    cpu: float
    wall: float
    megabytes: float
    calls: list[str]


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
    """Figures beside what is promised of them."""

    def __init__(self) -> None:
        self.rows = [("", "figure", "target", "", "")]

    def add(self, what: str, figure: float, target: float, unit: str, remark: str = "") -> None:
        verdict = "ok" if figure <= target else "over"
        shown = f"{figure:.2f}" if isinstance(figure, float) else str(figure)
        self.rows.append((what, f"{shown} {unit}".strip(), f"{target} {unit}".strip(), verdict, remark))
        print(f"{what}: {shown} {unit}", file=sys.stderr)

    def print(self) -> None:
        print_columns(self.rows)


def print_columns(rows: list[tuple[str, ...]]) -> None:
    """The first column to the left, others to the right, but for the last two."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        last = len(row) - 2
        cells = [f"{cell:{'>' if 0 < i < last else '<'}{widths[i]}}" for i, cell in enumerate(row)]
        print("  ".join(cells).rstrip())


def first_answer(application: str, path: str = "") -> None:
    def look() -> bool:
        units = loads(charmwright_("local", "status", "--format", "json"))["applications"][application]["units"]
        addresses = units[f"{application}/0"]["addresses"]
        return bool(addresses) and answers(addresses[0].rstrip("/") + "/" + path)

    until(look, f"`{application}` answers")


def endpoints() -> int:
    """How many the charm in `charm` has."""
    expanded = loads(charmwright_("expand-extensions", "--project-dir", "charm", "--format", "json"))
    return sum(len(expanded.get(role) or {}) for role in ("peers", "provides", "requires"))


def answers(url: str) -> bool:
    with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    return False


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
