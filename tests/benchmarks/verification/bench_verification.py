"""Verifying patched files in batches against one scanner start per file: the same files, the same scanners.

    python tests/benchmarks/verification/bench_verification.py [--files N] [--sample N] [--scanner NAME]...

Both sides run in one process after another on one machine. One start per file is measured on a sample and scaled,
because a hundred starts of Checkov alone take minutes; give `--sample` the number of files to measure all of them.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from daemon import settings as settings_module
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.fix import Candidate, Edit
from daemon.domain.severity import Severity
from workers.parsers import read
from workers.source.tree import MemoryTree
from workers.verify.attempt import Task
from workers.verify.batch import Scanners
from workers.verify.environments import available
from workers.verify.process import SYSTEM_PATH
from workers.verify.scanner import Tool
from workers.verify.verifier import Verifier

_WORKFLOW = """name: n{0}
on: push
permissions: {{}}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: make target{0}
"""
_DOCKERFILE = """FROM debian:12-slim
WORKDIR app{0}
RUN make target{0}
USER nobody
"""
_MODULE = "import yaml\n\n\ndef load{0}(stream):\n    return yaml.load(stream, Loader=yaml.Loader)\n"
_KINDS = (
    (".github/workflows/w{0}.yml", _WORKFLOW, "zizmor", "artipacked", 8,
     "actions/checkout@v4\n", "actions/checkout@v4\n        with:\n          persist-credentials: false\n",
     "jobs.*.steps.*.with"),
    ("docker{0}/Dockerfile", _DOCKERFILE, "hadolint", "DL3000", 2, "WORKDIR app", "WORKDIR /app",
     "instruction:WORKDIR"),
    ("module{0}.py", _MODULE, "bandit", "B506", 5, "yaml.load(stream, Loader=yaml.Loader)", "yaml.safe_load(stream)",
     "node:flagged"),
)  # fmt: skip
_COMMANDS = {
    "zizmor": ("--offline", "--no-config", "--no-exit-codes", "--format=json-v1"),
    "checkov": ("--quiet", "--compact", "--skip-download", "-o", "json", "-f"),
    "hadolint": ("--no-fail", "--format", "json"),
    "bandit": ("--quiet", "--format", "json"),
    "actionlint": ("-no-color", "-shellcheck=", "-pyflakes="),
    "yamllint": ("--format=parsable",),
    "gitleaks": ("dir", "--no-banner", "--redact=100", "--exit-code=0"),
}


def main() -> None:
    """Measure both sides and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--sample", type=int, default=12, help="files that are scanned by a start of their own")
    parser.add_argument("--scanner", action="append", choices=sorted(_COMMANDS), help="only these; may be repeated")
    given = parser.parse_args()
    settings, paths = settings_module.load()
    where = settings.verification.scanners
    tools, _ = available([Path(where).expanduser() if where else paths.scanners], given.scanner or tuple(_COMMANDS))
    tasks = list(_tasks(given.files))
    start = time.perf_counter()
    scanners = Scanners(tools, read, timeout=settings.verification.timeout_seconds, parallel=1)
    verdicts = Verifier(scanners).verify(tasks)
    batched = time.perf_counter() - start
    verified = sum(verdict.verified for verdict in verdicts)
    single, starts = _one_by_one(scanners, tasks, given.sample)
    print(f"scanners: {', '.join(f'{tool.name} {tool.version}' for tool in tools)}")
    print(f"{len(tasks)} patched files, {verified} verified: {batched:.1f} s, {scanners.starts} starts")
    print(f"one start a scanner and file, before and after: {single:.1f} s, {starts} starts")
    print(f"ratio: {single / batched:.1f}")


def _tasks(number: int) -> Iterator[Task]:
    for index in range(number):
        path, text, tool, rule, line, old, new, declares = _KINDS[index % len(_KINDS)]
        path, content = path.format(index), text.format(index)
        start = content.index(old)
        edit = Edit(path=path, start=start, end=start + len(old), text=new)
        finding = Finding(
            tool=tool,
            rule=rule,
            message="",
            severity=Severity.MEDIUM,
            locations=(Location(path=path, region=Region(start_line=line)),),
        )
        candidate = Candidate(approach="case", edits=(edit,), explanation="A case.", declares=(declares,))
        yield Task(finding=finding, candidate=candidate, tree=MemoryTree({path: content.encode()}))


def _one_by_one(scanners: Scanners, tasks: list[Task], sample: int) -> tuple[float, int]:
    """Seconds and starts for all tasks, measured on some of each kind and scaled."""
    measured = tasks[: max(sample, len(_KINDS))]
    starts = 0
    start = time.perf_counter()
    for task in measured:
        for path in task.candidate.paths:
            content = task.tree.read(path)
            for adapter in scanners.applicable(path, content):
                for _ in ("before", "after"):
                    _start(scanners.tools[adapter.name], path, content)
                    starts += 1
    scale = len(tasks) / len(measured)
    return (time.perf_counter() - start) * scale, round(starts * scale)


def _start(tool: Tool, path: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="single-") as folder:
        file = Path(folder) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        place = folder if tool.name == "gitleaks" else str(file)
        environment = {"PATH": f"{Path(tool.executable).parent}:{SYSTEM_PATH}", "HOME": folder, "LC_ALL": "C.UTF-8"}
        command = [tool.executable, *_COMMANDS[tool.name], place]
        subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=300, env=environment)


if __name__ == "__main__":
    main()
