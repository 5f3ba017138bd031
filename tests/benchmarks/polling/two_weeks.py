"""Two weeks of polling a simulated GitHub: what it costs, and that nothing is missed.

    python tests/benchmarks/polling/two_weeks.py [--days 14] [--repositories 5] [--a-day 40] [--seed 1]

The poller, PyGithub and the database are the real ones; only the network and the clock are simulated
(`tests/daemon/poll/simulator.py`), so two weeks take a minute. Everything goes wrong now and then: lost connections,
5xx, both kinds of rate limit, broken and wrong downloads, kills, an hour without GitHub each day, nights asleep, a
new token every few days. The simulator notes whatever a client must not do, such as to ask too early.
Exit 1 where an artifact was missed or taken twice, or where the simulator has noted anything.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "daemon" / "poll"))
from simulator import BLOBS, GitHub, Killed, zipped
from station import Station

from daemon import events

DAY = 86_400.0
FAULTS = (
    *("5xx", "connection", "garbage", "403-after", "403-bare", "429-after", "429-bare", "spent"),
    *("truncated", "wrong", "range-ignored", "refused", "redirect", "insert", "kill", "kill-after"),
)
_FAULTY = 0.02
"""Of all requests."""
_OUTAGE_HOUR = 15
"""GitHub fails throughout this hour of each day."""
_NIGHT = (0, 7)
"""Hours in which the machine sleeps."""
_TOKEN_DAYS = 4
_BEGUN_EARLIER = (0, 0, 60, 900, 2 * 3600)
"""Seconds for which a run's upload was going on before it was listed, under the time of its beginning."""


class Fortnight:
    """One simulated GitHub with its uploads to come, and the machine that polls it."""

    def __init__(self, home: Path, *, days: int, repositories: int, a_day: int, seed: int) -> None:
        self.chance = random.Random(seed)
        self.github = GitHub()
        self.start = self.github.now = (self.github.now // DAY + 1) * DAY
        self.end = self.start + days * DAY
        self.names = [f"octo/repository-{number}" for number in range(repositories)]
        for name in self.names:
            self.github.repositories[name] = []
        self.coming = collections.deque(sorted(self._uploads(days, a_day)))
        self.github.kill = self._kill
        self.github.on_request = self._misfortune
        self.next_token = self.start + _TOKEN_DAYS * DAY
        self.rounds = self.kills = 0
        self.calm = False
        self.faults: collections.Counter[str] = collections.Counter()
        self.station = Station(home, self.github, *self.names)

    def _uploads(self, days: int, a_day: int) -> Iterator[tuple[float, str]]:
        for day in range(days):
            for _ in range(a_day):
                yield self.start + (day + self.chance.random()) * DAY, self.chance.choice(self.names)

    def _kill(self) -> None:
        raise Killed

    def _misfortune(self, _request: requests.PreparedRequest) -> None:
        """Decide what goes wrong with the request after this one."""
        if self.calm or self.github.faults:
            return
        hour = self.github.now % DAY // 3600
        fault = (
            "5xx" if hour == _OUTAGE_HOUR else self.chance.choice(FAULTS) if self.chance.random() < _FAULTY else None
        )
        self.github.faults.append(fault)
        if fault:
            self.faults[fault] += 1

    def run(self) -> None:
        """Live through it, then a few quiet days for what was put off."""
        while self.github.now < self.end:
            self._arrive()
            self._round()
            if _NIGHT[0] <= self.github.now % DAY // 3600 < _NIGHT[1]:
                self.github.now = self.github.now // DAY * DAY + _NIGHT[1] * 3600
        self._arrive()
        self.calm = True
        self.github.faults.clear()
        for _ in range(6):
            self._round(wait=7 * 3600)

    def _arrive(self) -> None:
        """What has been uploaded by now; now and then a new token."""
        while self.coming and self.coming[0][0] <= self.github.now:
            at, name = self.coming.popleft()
            size = self.chance.choice((2_000, 20_000, 200_000))
            content = zipped("results.sarif", self.chance.randbytes(size))
            begun = at - self.chance.choice(_BEGUN_EARLIER)
            self.github.upload(name, "scan-results", content, at=begun, branch=self.chance.choice(("main", "fix")))
        if self.github.now >= self.next_token:
            self.next_token += _TOKEN_DAYS * DAY
            self.github.rotate()

    def _round(self, wait: float | None = None) -> None:
        self.rounds += 1
        try:
            self.station.poll(wait=wait)
        except Killed:
            self.kills += 1
            self.station.close()
            self.station.reopen()

    def told(self) -> dict[str, Any]:
        """What it came to."""
        github, station = self.github, self.station
        rows = station.rows("SELECT repository, external_id FROM artifacts")
        times = collections.Counter((name, int(id_)) for name, id_ in rows)
        there = {(name, one.id) for name, uploads in github.repositories.items() for one in uploads}
        to_blobs = sum(BLOBS in url for _, url, _ in github.log)
        return {
            "artifacts": len(there),
            "missed": len(there - set(times)),
            "twice": sum(number > 1 for number in times.values()),
            "forbidden": len(github.violations),
            "rounds": self.rounds,
            "requests": github.counts["requests"],
            "of GitHub": github.counts["requests"] - to_blobs,
            "answered 304": github.counts[304],
            "counted": sum(github._used.values()),
            "most in an hour": github.budget_used(),
            "bytes": github.bytes_sent,
            "bytes of artifacts": sum(len(one.content) for uploads in github.repositories.values() for one in uploads),
            "faults": sum(self.faults.values()),
            "kills": self.kills,
        }


def simulate(home: Path, *, days: int, repositories: int = 5, a_day: int = 40, seed: int = 1) -> dict[str, Any]:
    """Live through so many days; what they came to."""
    random.seed(seed)  # The poller's own waits are spread at random.
    fortnight = Fortnight(home, days=days, repositories=repositories, a_day=a_day, seed=seed)

    def send(_adapter: object, request: requests.PreparedRequest, **_more: object) -> requests.Response:
        return fortnight.github.send(request)

    with (
        mock.patch.object(requests.adapters.HTTPAdapter, "send", send),
        mock.patch.object(os, "fsync", return_value=None),
    ):
        fortnight.run()
        told = fortnight.told()
    fortnight.station.close()
    return told


def main() -> int:
    """Print it for a person, then as one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--repositories", type=int, default=5)
    parser.add_argument("--a-day", type=int, default=40, help="artifacts a day, over all repositories")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    events.configure(process="two-weeks", folder=None)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="secaid-two-weeks-") as home:
        told = simulate(
            Path(home) / "home",
            days=chosen.days,
            repositories=chosen.repositories,
            a_day=chosen.a_day,
            seed=chosen.seed,
        )
    for name, value in told.items():
        print(f"{name + ':':<20}{value:>14,}")
    print(json.dumps(told | {"seconds": round(time.monotonic() - began, 1)}))
    return 1 if told["missed"] or told["twice"] or told["forbidden"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
