"""Mutated real reports: every case ends soon, as a report with all rows accounted for, as none, or with a typed error.

    python tests/benchmarks/parsing/fuzz.py --cases 100000 [--folder FOLDER] [--first 0]

The samples are those of tests/workers/parsers and, with `--folder`, every report of at most 64 KiB in it. Case number n
is the same in every run: `--first n --cases 1` repeats it. The test suite runs a few hundred cases with Hypothesis.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from daemon.errors import ReportBroken, UnknownFormat
from workers.parsers import NotReport, read
from workers.triage.merge import distinct

SAMPLES = Path(__file__).resolve().parents[2] / "workers" / "parsers" / "samples"
LIMIT = 64 * 1024
SECONDS = 10.0
"""For one small file on a loaded machine; more is a hang."""
HOSTILE: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**31, 2**63, 10**40, 1e300, -0.5, "", "x", "\0", "12", "../../etc/passwd", "/etc/passwd"),
    *("file:///", "file://[", "C:\\a\\..\\b", "http://[::1", "https://u:p@h/x", "%00%2e%2e/", "a" * 5000),
    *("\ud7ff\uffff", "CVE-2021-99999", "pkg:npm/@x", "pkg:", "CVSS:3.1/AV:N", "CVSS:4.0/", "CWE-" + "9" * 50),
    *("[a](1)", "{0} {99}", [], {}, [None], [[]], [{}], {"a": None}, {"": {}}, ["x", 1], {"text": 3}, [1, 2, 3, 4]),
)


def mutated(sample: bytes, document: Any, chance: random.Random) -> bytes:
    """One to four changes: values of a JSON document, or bytes of any file."""
    if document is not None and chance.random() < 0.7:
        changed = copy.deepcopy(document)
        for _ in range(chance.randint(1, 4)):
            changed = _with_other_value(changed, chance)
        return json.dumps(changed).encode("utf-8", "surrogatepass")
    content = bytearray(sample)
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(content) + 1)
        end = min(len(content), start + chance.choice((0, 1, 2, 40, 4000)))
        insert = chance.choice(
            (b"", chance.randbytes(chance.randint(1, 20)), bytes(content[start:end]) * 3, b'"', b"<", b"{")
        )
        content[start:end] = insert
    return bytes(content)


def _with_other_value(document: Any, chance: random.Random) -> Any:
    """A value somewhere in the document, reached by a random walk, becomes another, is repeated, or goes."""
    parent, key, value = None, None, document
    while isinstance(value, dict | list) and value and (parent is None or chance.random() < 0.85):
        parent, key = value, chance.choice(list(value) if isinstance(value, dict) else range(len(value)))
        value = parent[key]
    if parent is None:
        return chance.choice(HOSTILE)
    kind = chance.random()
    if kind < 0.2:
        del parent[key]
    elif kind < 0.35:
        parent[key] = [copy.deepcopy(value)] * chance.randint(2, 5)
    else:
        parent[key] = copy.deepcopy(chance.choice(HOSTILE))
    return document


def outcome(content: bytes) -> str:
    """What reading comes to; anything else than these is raised."""
    try:
        found = read(content, "fuzzed", max_rows=10_000)
    except ReportBroken:
        return "broken"
    except UnknownFormat:
        return "unknown"
    if isinstance(found, NotReport):
        return "no report"
    for row in found.rows:
        assert (row.finding is None) != (row.ignored is None)
        path = row.finding.path if row.finding else None
        assert path is None or not (path.startswith("/") or ".." in path.split("/") or "\0" in path), path
    accounted = distinct([found]).accounts[0]
    assert [row.index for row in accounted] == list(range(len(found.rows)))
    return "report"


def main() -> int:
    """Run the cases, print what they came to; 1 where one crashed or hung."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--cases", type=int, default=100_000)
    options.add_argument("--first", type=int, default=0)
    options.add_argument("--folder", type=Path)
    chosen = options.parse_args()
    samples = list(_samples(chosen.folder))
    ends: Counter[str] = Counter()
    slowest = (0.0, 0)
    for number in range(chosen.first, chosen.first + chosen.cases):
        chance = random.Random(number)
        content = mutated(*chance.choice(samples), chance)
        start = time.perf_counter()
        try:
            ends[outcome(content)] += 1
        except Exception as error:  # noqa: BLE001 - what is looked for
            ends["crashed"] += 1
            print(f"case {number}: {type(error).__name__}: {error}"[:300])
        slowest = max(slowest, (time.perf_counter() - start, number))
    print(f"{chosen.cases:,} cases of {len(samples)} samples: {dict(ends)}")
    print(f"the slowest took {slowest[0]:.2f} s (case {slowest[1]})")
    return 1 if ends["crashed"] or slowest[0] > SECONDS else 0


def _samples(folder: Path | None) -> Iterator[tuple[bytes, Any]]:
    found = [*SAMPLES.iterdir(), *(folder.rglob("*") if folder else ())]
    for path in sorted(path for path in found if path.is_file() and path.stat().st_size <= LIMIT):
        content = path.read_bytes()
        if outcome(content) != "report":
            continue
        try:
            document = json.loads(content)
        except ValueError:
            document = None
        yield content, document if isinstance(document, dict | list) else None


if __name__ == "__main__":
    raise SystemExit(main())
