"""Logs are merged in the order of time, and followed without a gap or a repetition."""

from __future__ import annotations

import contextlib
import json
import logging.handlers
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.logs import LEVELS, Follower, Wanted, recent, understand

ALL = Wanted()


def stamp(second: float) -> str:
    return f"2026-01-01T{int(second) // 3600:02}:{int(second) // 60 % 60:02}:{second % 60:09.6f}Z"


def line(second: float, event: str = "x.happened", level: str = "info", **fields: object) -> str:
    return json.dumps({"timestamp": stamp(second), "level": level, "event": event, **fields}) + "\n"


def events(found) -> list[str]:
    return [one.event for one in found]


def test_the_files_of_all_processes_are_merged_in_the_order_of_time(tmp_path: Path) -> None:
    (tmp_path / "worker-analysis.log").write_text(line(1, "a1") + line(4, "a4") + line(9, "a9"))
    (tmp_path / "poll.log").write_text(line(2, "p2") + line(3, "p3") + line(8, "p8"))
    (tmp_path / "poll.log.1").write_text(line(0, "p0") + line(1.5, "p1"))
    (tmp_path / "poll.log.2").write_text(line(-0.0, "pp"))
    (tmp_path / "other.txt").write_text("not a log\n")
    assert events(recent(tmp_path, ALL))[2:] == ["a1", "p1", "p2", "p3", "a4", "p8", "a9"]
    assert events(recent(tmp_path, ALL, 3)) == ["a4", "p8", "a9"]
    assert recent(tmp_path / "nowhere", ALL) == []


def test_lines_are_filtered_by_job_kind_level_and_time(tmp_path: Path) -> None:
    (tmp_path / "worker-analysis.log").write_text(
        line(1, "one", job=7, process="worker-analysis") + line(2, "two", "error", job=8, process="worker-analysis")
    )
    (tmp_path / "child-training.log").write_text(line(3, "three", "warning", job=7, kind="training"))
    (tmp_path / "run.log").write_text(line(4, "four", kind="analysis") + line(5, "five", "critical"))
    assert events(recent(tmp_path, Wanted(job=7))) == ["one", "three"]
    assert events(recent(tmp_path, Wanted(kind="analysis"))) == ["one", "two", "four"]
    assert events(recent(tmp_path, Wanted(kind="training"))) == ["three"]
    assert events(recent(tmp_path, Wanted(level="warning"))) == ["two", "three", "five"]
    since = recent(tmp_path, ALL)[2].at
    assert events(recent(tmp_path, Wanted(since=since))) == ["three", "four", "five"]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    raw=st.one_of(st.binary(max_size=300), st.text(max_size=100).map(lambda text: json.dumps({"level": text}).encode()))
)
def test_a_hostile_line_is_shown_as_an_error_and_breaks_nothing(raw: bytes) -> None:
    found = understand(raw, "poll", 5.0)
    assert found.level in LEVELS
    assert (found.process, found.at) == ("poll", 5.0)


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 100_000,
        b'{"timestamp": "9999999-01-01", "level": "info"}',
        b'{"timestamp": 5, "level": "info"}',
        b'{"timestamp": "2026-01-01T00:00:00Z", "level": []}',
        b"Traceback (most recent call last): ghp_" + b"a" * 36,
    ],
)
def test_what_is_no_event_is_told_so(raw: bytes) -> None:
    found = understand(raw, "poll", 5.0)
    assert found.level == "error"
    assert "ghp_" not in found.event


def test_a_line_that_is_torn_or_endless_is_left_out_and_the_others_are_read(tmp_path: Path) -> None:
    log = tmp_path / "poll.log"
    log.write_text(line(1, "one") + "x" * 3_000_000 + "\n" + line(2, "two") + line(3, "torn")[:-9])
    assert events(recent(tmp_path, ALL)) == ["one", "two"]


def test_following_goes_on_where_the_first_look_ended(tmp_path: Path) -> None:
    log = tmp_path / "poll.log"
    last = line(3, "three", note="é")
    log.write_bytes((line(1, "one") + line(2, "two") + last).encode()[:-12])
    follower = Follower(tmp_path, ALL)
    with log.open("ab") as file:
        file.write((line(3, "three", note="é")).encode()[-12:])
        file.flush()
        assert events(follower.recent()) == ["one", "two"]
        assert events(follower.new()) == ["three"]
        assert events(follower.new()) == []
        (tmp_path / "worker-indexing.log").write_text(line(3.5, "begun"))
        file.write(line(4, "four").encode())
        file.flush()
        assert events(follower.new()) == ["begun", "four"]
    log.write_text(line(5, "cut"))
    assert events(follower.new()) == ["cut"]
    log.unlink()
    assert follower.new() == []
    follower.close()


def handler(path: Path, bytes_: int, keep: int) -> logging.handlers.RotatingFileHandler:
    return logging.handlers.RotatingFileHandler(path, maxBytes=bytes_, backupCount=keep)


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_lost_or_repeated_however_often_the_files_rotate_meanwhile(tmp_path: Path, seed: int) -> None:
    """Real rotating handlers, several rotations between two looks."""
    chance = random.Random(seed)
    writers = {name: handler(tmp_path / f"{name}.log", 2000, 30) for name in ("poll", "worker-analysis")}
    written: list[str] = []

    def write(count: int) -> None:
        for _ in range(count):
            name = chance.choice(sorted(writers))
            event = f"event-{len(written)}"
            text = line(len(written), event, filler="x" * chance.randrange(200)).rstrip("\n")
            writers[name].emit(logging.makeLogRecord({"msg": text}))
            written.append(event)

    write(60)
    with contextlib.closing(Follower(tmp_path, ALL)) as follower:
        seen = events(follower.recent())
        assert seen == written
        for _ in range(12):
            write(chance.choice([0, 1, 5, 60]))
            seen += events(follower.new())
    for writer in writers.values():
        writer.close()
    assert seen == written
    assert len(list(tmp_path.glob("poll.log.*"))) > 2


def test_a_reader_that_slept_past_the_oldest_file_reads_its_own_and_what_is_left(tmp_path: Path) -> None:
    with contextlib.closing(handler(tmp_path / "poll.log", 500, 2)) as writer:
        writer.emit(logging.makeLogRecord({"msg": line(0, "old").rstrip()}))
        with contextlib.closing(Follower(tmp_path, ALL)) as follower:
            for number in range(100):
                writer.emit(logging.makeLogRecord({"msg": line(number, f"event-{number}").rstrip()}))
            seen = [int(event.removeprefix("event-")) for event in events(follower.new())]
    assert seen == sorted(set(seen))
    assert (seen[0], seen[-1]) == (0, 99)
    assert len(seen) < 50
