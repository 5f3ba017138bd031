"""Random schedules of everything that goes wrong: each upload is processed exactly once, none early, no token strays.

A schedule is a list of steps; then GitHub is well again, and what it holds must all be here.
"""

import collections
import contextlib
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from daemon.errors import Retryable, StoreUnavailable, Unavailable
from daemon.poll import github as poller_module
from daemon.settings import Repository
from daemon.storage import FolderStorage, StorageUnavailable

REPOSITORIES = ("octo/orders", "octo/site")
ANSWERS = (
    *("403-after", "429-after", "403-bare", "429-bare", "spent"),
    *("5xx", "garbage", "connection", "refused", "redirect"),
    *("insert", "delete", "expire"),
    *("truncated", "wrong", "range-ignored"),
    *("kill", "kill-after", "meanwhile"),
)
COMMITS = ("kill", "kill-after", "store", "disk", "source")
KINDS = ("zip", "report", "no digest", "same bytes", "other name", "fork")
LATE = (0, 0, 0, 600, 3 * 3600, 20 * 3600)
"""Seconds for which an upload was going on before it was listed, under the time of its beginning."""

seconds = st.sampled_from((0, 1, 30, 59, 61, 300, 1800, 3 * 3600, 26 * 3600))
repository = st.sampled_from(REPOSITORIES)
step = st.one_of(
    st.tuples(st.just("upload"), repository, st.sampled_from(KINDS), st.sampled_from(LATE)),
    st.tuples(st.just("burst"), repository, st.integers(90, 120)),
    st.tuples(
        st.just("poll"),
        st.lists(st.one_of(st.none(), st.sampled_from(ANSWERS)), max_size=10),
        st.lists(st.one_of(st.none(), st.sampled_from(COMMITS)), max_size=3),
        seconds,
    ),
    st.tuples(st.just("storm"), st.sampled_from(("5xx", "connection", "wrong", "403-bare")), st.integers(2, 5)),
    st.tuples(st.just("expire"), st.integers(0, 20)),
    st.tuples(st.just("remove"), st.integers(0, 20)),
    st.tuples(st.sampled_from(("rotate", "tell", "restart", "other"))),
)
schedules = st.fixed_dictionaries(
    {
        "skew": st.sampled_from((0.0, -7200.0, 7200.0, -40.0)),
        "machines": st.sampled_from((1, 2)),
        "steps": st.lists(step, min_size=1, max_size=10),
    }
)


class World:
    """One GitHub, one database, and two pollers of it: on one machine, or on two that share the storage."""

    def __init__(self, folder, github, new_station, simulator, *, machines):
        self.github, self.simulator = github, simulator
        self.home = folder / "home"
        self.told = github.token
        self.lied = False
        """Other bytes than those asked for were sent: without a digest nobody can tell."""
        self.stations = []
        chosen = [Repository(name=name, artifacts=("scan*",)) for name in REPOSITORIES]
        self.first, self.second = (
            new_station(self.home, github, *chosen, interval_seconds=300, backfill_days=60) for _ in range(2)
        )
        if machines == 2:
            self.second.staging = self.home / "staging-of-another-machine"
        self.commits = collections.deque()
        self.polling = False
        self.left_behind = None
        for station in (self.first, self.second):
            station.token = lambda: self.told
            station.source = self.source
            station.restart()
        github.kill = self.kill
        github.on_answer = self.on_answer

    # --- the ways of failing on this side

    def kill(self):
        """As SIGKILL: whatever runs on while the exception unwinds is undone."""
        self.left_behind = Path(tempfile.mkdtemp(dir=self.home.parent))
        shutil.copytree(self.home, self.left_behind, dirs_exist_ok=True)
        raise self.simulator.Killed

    def effect(self, *kinds):
        return self.commits.popleft() if self.commits and self.commits[0] in kinds else None

    def source(self, _repository, _commit):
        if self.effect("source"):
            message = "the mirror cannot be reached"
            raise Retryable(message)

    def record(self, conn, kept, provenance):
        if self.commits and self.commits[0] is None:
            self.commits.popleft()
            return self.real_record(conn, kept, provenance)
        if self.effect("kill"):
            self.kill()
        if self.effect("store"):
            message = "the database is locked"
            raise StoreUnavailable(message)
        done = self.real_record(conn, kept, provenance)
        if self.effect("kill-after"):
            self.kill()
        return done

    def put(self, storage, key, source):
        if self.effect("disk"):
            message = "the disk is full"
            raise StorageUnavailable(message)
        self.real_put(storage, key, source)

    def on_answer(self, _request):
        if self.github.log[-1][2] == "meanwhile":
            self.poll(self.second, wait=0)

    # --- steps

    def poll(self, station, wait):
        nested, self.polling = self.polling, True
        try:
            station.poll(wait=0)
        except self.simulator.Killed:
            if nested:
                raise
            self.rise_again()
        except (Unavailable, StoreUnavailable):
            pass
        finally:
            self.polling = nested
        if not nested:
            self.github.now += wait

    def rise_again(self):
        for station in (self.first, self.second):
            station.close()
        shutil.rmtree(self.home)
        self.left_behind.rename(self.home)
        self.left_behind = None
        for station in (self.first, self.second):
            station.reopen()

    def upload(self, where, kind, late):
        more, content = {}, None
        if kind == "report":
            content = f'{{"number": {self.github.now}}}'.encode()
        if kind == "same bytes":
            content = self.simulator.zipped("a.sarif", b"always the same")
        if kind == "no digest":
            more["digest"] = False
        if kind == "fork":
            more["fork"] = True
        name = "logs" if kind == "other name" else "scan.json" if kind == "report" else "scan"
        self.github.upload(where, name, content, at=self.github.server_now - late, **more)

    def run(self, steps):
        for name, *arguments in steps:
            getattr(self, f"step_{name}")(*arguments)

    def step_upload(self, where, kind, late):
        self.upload(where, kind, late)

    def step_burst(self, where, number):
        for back in range(number):
            self.github.upload(where, "scan" if back % 10 == 0 else "decoy", at=self.github.server_now - back)

    def step_poll(self, answers, commits, wait):
        self.lied |= "wrong" in answers
        self.github.faults.extend(answers)
        self.commits.extend(commits)
        self.poll(self.first, wait)
        self.github.faults.clear()
        self.commits.clear()

    def step_storm(self, fault, rounds):
        self.lied |= fault == "wrong"
        for _ in range(rounds):
            self.github.faults.extend([fault, None, fault, None, fault])
            self.poll(self.first, 900)
            self.github.faults.clear()

    def step_expire(self, number):
        if known := [upload for uploads in self.github.repositories.values() for upload in uploads]:
            known[number % len(known)].expired = True

    def step_remove(self, number):
        where = REPOSITORIES[number % 2]
        if known := self.github.repositories[where]:
            known.pop(number % len(known))

    def step_rotate(self):
        self.github.rotate()

    def step_tell(self):
        self.told = self.github.token

    def step_restart(self):
        self.first.restart()

    def step_other(self):
        self.poll(self.second, 0)


BUGS = [
    # Four broken connections and then wrong bytes: given up after "five wrong digests" that were one.
    {
        "skew": 0.0,
        "machines": 1,
        "steps": [
            ("upload", REPOSITORIES[0], "zip", 0),
            *[("poll", [None, None, "connection"], [], 26 * 3600)] * 4,
            ("poll", [None, None, "wrong"], [], 0),
        ],
    },
    # Other bytes of an upload without a digest: taken, and still only once.
    {
        "skew": 0.0,
        "machines": 1,
        "steps": [
            ("upload", REPOSITORIES[0], "no digest", 0),
            *[("upload", REPOSITORIES[0], "zip", 0)] * 3,
            ("storm", "wrong", 2),
        ],
    },
]


@given(schedule=schedules)
@example(schedule=BUGS[0])
@example(schedule=BUGS[1])
@settings(
    max_examples=int(os.environ.get("SCHEDULES", "25")),
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_every_upload_is_taken_exactly_once(
    schedule, tmp_path_factory, new_github, new_station, simulator, monkeypatch
):
    folder = tmp_path_factory.mktemp("world")
    with monkeypatch.context() as patch, contextlib.ExitStack() as stack:
        github = new_github(skew=schedule["skew"])
        for name in REPOSITORIES:
            github.repositories[name] = []
        world = World(folder, github, new_station, simulator, machines=schedule["machines"])
        stack.callback(shutil.rmtree, folder)
        stack.callback(world.first.close)
        stack.callback(world.second.close)
        world.real_record, world.real_put = poller_module.record, FolderStorage.put
        # A killed process loses nothing that it has written; only a machine without power does.
        patch.setattr(os, "fsync", lambda _descriptor: None)
        patch.setattr(poller_module, "record", world.record)
        patch.setattr(FolderStorage, "put", lambda storage, key, source: world.put(storage, key, source))
        world.run(schedule["steps"])
        settle(world)
        check(world)


def settle(world):
    """GitHub and this machine are well again, and time goes by."""
    world.github.faults.clear()
    world.commits.clear()
    world.step_tell()
    for _ in range(6):
        world.poll(world.first, 7 * 3600)


def check(world):
    github, station = world.github, world.first
    assert github.violations == []
    rows = station.rows("SELECT repository, external_id, sha256, stored_at FROM artifacts")
    times = collections.Counter((where, int(id_)) for where, id_, *_ in rows)
    assert [key for key, number in times.items() if number > 1] == [], "taken twice"
    jobs = station.rows("SELECT count(*), count(DISTINCT unique_key) FROM jobs WHERE kind = 'analysis'")
    assert jobs == [(len(rows), len(rows))]
    wanted = {
        (where, upload.id): upload
        for where, uploads in github.repositories.items()
        for upload in uploads
        if not upload.expired and upload.name.startswith("scan")
    }
    assert sorted(set(wanted) - set(times)) == [], "missed"
    for where, id_, sha256, stored_at in rows:
        stored = station.storage.path(stored_at)
        assert hashlib.sha256(stored.read_bytes()).hexdigest() == sha256
        upload = wanted.get((where, int(id_)))
        if upload and upload.content.startswith(b"PK") and (upload.digest or not world.lied):
            assert stored.read_bytes() == upload.content
    for file in world.home.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not any(token.encode() in content for token in github.tokens), f"{file} holds a token"
    left = [path for path in world.home.glob("staging*/**/*") if path.is_file() and path.stat().st_size]
    assert left == [], "bytes stay behind"
