"""Mutated reports: whatever comes in, one of four things comes out, soon."""

import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.domain.report import Report
from daemon.errors import ReportBroken, UnknownFormat
from workers.parsers import NotReport, read

HOSTILE: list[Any] = [
    None, True, 0, -1, 2**31, 10**40, 1e300, -0.5, "", "x", "\0", "12", "../../etc/passwd", "/etc/passwd",
    "file:///", "file://[", "C:\\a\\..\\b", "http://[::1", "https://u:p@h/x", "%00%2e%2e/", "a" * 5000, "\ud7ff\uffff",
    "CVE-2021-99999", "pkg:npm/@x", "pkg:", "CVSS:3.1/AV:N", "CVSS:4.0/", "CWE-" + "9" * 50, "[a](1)", "{0} {99}",
    [], {}, [None], [[]], [{}], {"a": None}, {"": {}}, ["x", 1], {"text": 3}, [1, 2, 3, 4],
]  # fmt: skip
SECONDS = 5.0
"""For any one small file, on a loaded machine."""


def outcome(content: bytes) -> Report | NotReport | None:
    """What reading comes to; anything but the four allowed outcomes fails the test."""
    start = time.perf_counter()
    try:
        found = read(content, "fuzzed", max_rows=10_000)
    except (ReportBroken, UnknownFormat):
        found = None
    assert time.perf_counter() - start < SECONDS
    if isinstance(found, Report):
        for row in found.rows:
            assert (row.finding is None) != (row.ignored is None)
            path = row.finding.path if row.finding else None
            assert path is None or not (path.startswith("/") or ".." in path.split("/") or "\0" in path)
    return found


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to every value in a document."""
    found = [path]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += places(item, (*path, key))
    return found


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The document with another value at the end of a way."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(copy[path[0]], path[1:], new)
    return copy


@pytest.fixture(scope="session")
def documents(samples: dict[str, bytes]) -> dict[str, Any]:
    """The samples that are one JSON document."""
    found = {}
    for name, content in samples.items():
        try:
            found[name] = json.loads(content)
        except ValueError:
            continue
    return found


def test_any_value_may_be_of_any_type(json_file: Path) -> None:
    document = json.loads(json_file.read_bytes())
    chance = random.Random(json_file.stem)
    for path in places(document):
        for new in chance.sample(HOSTILE, 4):
            outcome(json.dumps(replaced(document, path, new)).encode())


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_several_values_may_be_hostile_at_once(documents: dict[str, Any], data: st.DataObject) -> None:
    document = documents[data.draw(st.sampled_from(sorted(documents)))]
    for _ in range(data.draw(st.integers(1, 4))):
        path = data.draw(st.sampled_from(places(document)))
        document = replaced(document, path, data.draw(st.sampled_from(HOSTILE)))
    outcome(json.dumps(document).encode())


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_bytes_may_be_cut_changed_and_repeated(samples: dict[str, bytes], data: st.DataObject) -> None:
    content = samples[data.draw(st.sampled_from(sorted(samples)))]
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 200)))
    insert = data.draw(st.one_of(st.binary(max_size=20), st.just(content[start:end] * 3)))
    outcome(content[:start] + insert + content[end:])


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=200))
def test_any_bytes_may_come(content: bytes) -> None:
    outcome(content)


@pytest.mark.parametrize(
    "build",
    [
        lambda: b'{"runs":' * 20_000,
        lambda: b'{"version":"2.1.0","runs":[' + b'{"tool":{"driver":{"name":"T"}},' * 5_000,
        lambda: b"<bom>" + b"<components>" * 50_000,
        lambda: b"<bom><vulnerability>" + b"<a>" * 50_000 + b"</a>" * 50_000 + b"</vulnerability></bom>",
        lambda: b'{"bomFormat":"CycloneDX","components":[' + b'{"components":[' * 20_000 + b"]}" * 20_000 + b"]}",
        lambda: json.dumps(
            {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "a" * 10**6}}, "results": []}]}
        ).encode(),
        lambda: b'[{"RuleID": "r", "File": "' + b"../" * 100_000 + b'"}]',
        lambda: b'[{"RuleID": "r", "File": "' + b"%25" * 300_000 + b'"}]',
        lambda: b"./" * 300_000 + b":1:1: [error] x (y)",
        lambda: b"a:1:1: [error] " + b"( " * 300_000,
        lambda: b"{" + b'"a":1,' * 200_000 + b'"b":2}',
    ],
    ids=[
        "depth",
        "objects",
        "elements",
        "vulnerability",
        "components",
        "name",
        "dots",
        "percent",
        "slashes",
        "brackets",
        "keys",
    ],
)
def test_large_hostile_shapes_end_soon(build: Callable[[], bytes]) -> None:
    outcome(build())
