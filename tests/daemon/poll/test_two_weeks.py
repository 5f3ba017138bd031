"""A day of the two weeks that `tests/benchmarks/polling/two_weeks.py` simulates: what it prints can be believed."""

import importlib.util
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "polling" / "two_weeks.py"


@pytest.fixture
def two_weeks(monkeypatch):
    monkeypatch.setattr(sys, "path", sys.path[:])
    spec = importlib.util.spec_from_file_location("two_weeks", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_day_of_faults_misses_nothing_and_nearly_all_of_it_is_free(two_weeks, tmp_path):
    told = two_weeks.simulate(tmp_path / "home", days=1, repositories=2, a_day=30)
    assert (told["missed"], told["twice"], told["forbidden"]) == (0, 0, 0)
    assert told["artifacts"] >= 30
    assert told["faults"] > 5
    assert told["answered 304"] > told["counted"]
    assert told["bytes"] >= told["bytes of artifacts"]


def test_a_poller_that_forgets_is_found_out(two_weeks, tmp_path, monkeypatch):
    monkeypatch.setattr("daemon.poll.github._LOOK_BACK", 0.0)
    told = two_weeks.simulate(tmp_path / "home", days=1, repositories=2, a_day=30)
    assert told["missed"] > 0
