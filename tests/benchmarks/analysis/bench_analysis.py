"""Batched, cached, deduplicated analysis against one question at a time: the same findings, the same model.

    python tests/benchmarks/analysis/bench_analysis.py [--findings N] [--tokens N]

One run gives the ratio; both sides must write the same text. The findings are built like those of a real
report: several rules, a few places each, and copies of the same code in several files.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from daemon.domain.analysis import CodeContext
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from daemon.settings import AnalysisSettings, load
from workers.analysis.explain import Item, explain
from workers.llm import embedded
from workers.llm.mlx import MlxModel

_RULES = [
    ("B602", "subprocess call with shell=True identified, security issue.", "subprocess.run({0}, shell=True)"),
    ("B324", "Use of weak MD5 hash for security.", "digest = hashlib.md5({0}).hexdigest()"),
    ("B506", "Use of unsafe yaml load. Allows instantiation of arbitrary objects.", "settings = yaml.load({0})"),
    ("B501", "Call to requests with verify=False disabling SSL certificate checks.", "requests.get({0}, verify=False)"),
]
_NAMES = ["command", "path", "payload", "target", "address", "message", "document", "source"]
_COPIES = 2
"""How many files hold each piece of code."""


class Result(msgspec.Struct, frozen=True):
    """Seconds of each side, and how many findings and distinct questions there were."""

    findings: int
    questions: int
    one_by_one: float
    together: float
    again: float
    """The same findings a second time, from the cache."""

    @property
    def ratio(self) -> float:
        return self.one_by_one / self.together


def findings(number: int) -> list[Item]:
    """`number` findings; each piece of code is found in `_COPIES` files."""
    items: list[Item] = []
    for at in range(number):
        piece = at // _COPIES
        rule, message, code = _RULES[piece % len(_RULES)]
        name = _NAMES[piece // len(_RULES) % len(_NAMES)]
        lines = ["import logging", "", f"def handle_{name}({name}):", f"    logging.info('handling %s', {name})"]
        text = "\n".join([*lines, f"    return {code.format(name)}"])
        path = f"service_{at % _COPIES}/{rule.lower()}_{name}.py"
        finding = Finding(
            tool="bandit",
            rule=rule,
            message=message,
            severity=Severity.HIGH,
            locations=(Location(path=path, region=Region(start_line=5)),),
        )
        context = CodeContext(path=path, language="python", start_line=1, text=text, function=f"handle_{name}")
        items.append((finding, context))
    return items


def measure(model: MlxModel, number: int, settings: AnalysisSettings) -> Result:
    """Run both sides, and fail where they differ in a single character."""
    items = findings(number)
    kept: dict[str, object] = {}
    explain(items[:1], model, settings=settings)  # the tokenizer's tables and the first allocations
    with _timed() as together:
        batched = explain(items, model, settings=settings, remember=kept.update)
    with _timed() as again:
        cached = explain(items, model, settings=settings, lookup=lambda keys: {key: kept[key] for key in keys})
    with _timed() as alone:
        single = [explain([item], model, settings=settings)[0] for item in items]
    said = [[msgspec.structs.replace(one, confidence=0) for one in side] for side in (batched, cached, single)]
    if not said[0] == said[1] == said[2]:
        message = "the sides wrote different text"
        raise AssertionError(message)
    return Result(number, len(kept), alone[0], together[0], again[0])


@contextlib.contextmanager
def _timed() -> Iterator[list[float]]:
    taken: list[float] = []
    started = time.perf_counter()
    yield taken
    taken.append(round(time.perf_counter() - started, 3))


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--findings", type=int, default=64)
    parser.add_argument("--tokens", type=int, default=120)
    asked = parser.parse_args()
    settings = msgspec.structs.replace(load({})[0].analysis, max_new_tokens=asked.tokens)
    with tempfile.TemporaryDirectory() as folder:
        model = MlxModel(embedded.install(Path(folder)), batch_size=settings.batch_size)
        result = measure(model, asked.findings, settings)
    print(json.dumps(msgspec.structs.asdict(result) | {"ratio": round(result.ratio, 2)}))


if __name__ == "__main__":
    main()
