"""The poller's process: light when idle, takes what is dropped, says how it is, ends when asked."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import psutil
import pytest

from daemon.process import doorman, porter
from daemon.store import migrate, processes
from daemon.store.opening import open_store

PATIENCE = 120.0


def until(found, what):
    deadline = time.monotonic() + PATIENCE
    while not (result := found()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return result


@pytest.fixture
def home(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "inbox").mkdir()
    return home


@pytest.fixture
def environment(home):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SECAID_", "GH_", "GITHUB_"))}
    return {**kept, "SECAID_HOME": str(home), "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}


def configure(home, **poll):
    (home / "config.yaml").write_text(json.dumps({"poll": poll}))


@pytest.fixture
def store(home):
    made = open_store(home / "secaid.db")
    migrate.upgrade(made)
    yield made
    made.close()


@pytest.fixture
def serving(environment):
    started = []

    def start(*command):
        started.append(subprocess.Popen([sys.executable, *command], env=environment))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def everyone(store):
    with store.read() as connection:
        return processes.everyone(connection, one_host=True)


def artifacts(store):
    with store.read() as connection:
        return [row[0] for row in connection.exec_driver_sql("SELECT name FROM artifacts ORDER BY name")]


def test_what_is_dropped_is_taken_and_sigterm_ends_it_with_a_sign_off(home, tmp_path, store, serving):
    configure(home, watch=[str(tmp_path / "inbox")])
    process = serving("-m", "daemon.cli", "poll")
    until(lambda: (home / "logs" / "poll.log").exists(), "it never started")
    (tmp_path / "inbox" / "a.json").write_text("{}")
    until(lambda: artifacts(store) == ["a"], "the report was not taken")
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    assert everyone(store) == []


def is_porter(process):
    return "porter" in psutil.Process(process.pid).cmdline()


def test_one_that_rests_is_small_and_comes_back_for_what_is_dropped(home, tmp_path, store, serving):
    """The same process throughout, and nobody misses it."""
    configure(home, watch=[str(tmp_path / "inbox")])
    process = serving("-m", "daemon.cli", "poll")
    for name in ("a", "b"):
        until(lambda: is_porter(process), "it does not rest")
        time.sleep(0.5)
        assert psutil.Process(process.pid).memory_info().rss < 20 * 2**20
        ((row,)) = everyone(store)
        assert (row.pid, row.role, row.state, row.stale) == (process.pid, "poller", "idle", False)
        assert row.heartbeat_seconds == doorman.BEAT_SECONDS
        (tmp_path / "inbox" / "growing.part").write_text("no report")
        (tmp_path / "inbox" / f"{name}.json").write_text("{}")
        until(lambda name=name: name in artifacts(store), "the report was not taken")
    until(lambda: is_porter(process), "it does not rest again")
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    assert everyone(store) == []


def test_github_is_not_asked_before_its_time_because_a_folder_changed(home, tmp_path, store, serving):
    configure(home, watch=[str(tmp_path / "inbox")], repositories=[{"name": "octo/orders"}])
    (tmp_path / "inbox" / "a.json").write_text("{}")
    process = serving("-m", "daemon.process.poller", "--due", str(time.monotonic() + 3600))
    until(lambda: artifacts(store) == ["a"] and is_porter(process), "it does not rest")
    (row,) = everyone(store)
    assert (row.state, row.note[:15]) == ("idle", "asks GitHub at ")
    assert "poll.failed" not in (home / "logs" / "poll.log").read_text()


def test_a_porter_asks_at_its_time_and_rests_again(home, store, serving):
    configure(home, repositories=[{"name": "octo/orders"}])
    process = serving("-m", "daemon.process.poller", "--due", str(time.monotonic() + 3))
    log = home / "logs" / "poll.log"
    until(lambda: log.exists() and "poll.failed" in log.read_text(), "it never asked")
    until(lambda: is_porter(process), "it does not rest")


def test_only_reports_that_come_go_or_change_are_news(tmp_path):
    seen = [porter.snapshot([str(tmp_path), "/nowhere"])]
    for change in (
        lambda: (tmp_path / "a.json").write_text("{}"),
        lambda: (tmp_path / "a.json").write_text("{ }"),
        lambda: (tmp_path / "b\udcff.ZIP").write_text(""),
        lambda: (tmp_path / "a.json").unlink(),
    ):
        change()
        seen.append(porter.snapshot([str(tmp_path), "/nowhere"]))
    assert len(set(seen)) == len(seen)
    (tmp_path / "notes.docx").write_text("x")
    (tmp_path / ".hidden.json").write_text("x")
    assert porter.snapshot([str(tmp_path), "/nowhere"]) == seen[-1]


def test_without_a_token_it_goes_on_and_says_what_to_do(home, store, serving):
    configure(home, repositories=[{"name": "octo/orders"}])
    serving("-m", "daemon.process.poller")
    waiting = until(lambda: [one for one in everyone(store) if one.state == "waiting"], "no report")
    assert (waiting[0].role, "secaid setup --token" in waiting[0].note) == ("poller", True)


def test_one_round_prints_what_it_did(home, tmp_path, environment, store):
    configure(home, watch=[str(tmp_path / "inbox")])
    (tmp_path / "inbox" / "a.json").write_text("{}")
    command = [sys.executable, "-m", "daemon.cli", "poll", "--once", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "repositories": [],
        "folders": 1,
        "dropped": 1,
        "problem": None,
        "next_seconds": 0.0,
    }
    assert artifacts(store) == ["a"]


def test_a_round_that_fails_for_a_repository_says_why_in_a_few_words_and_is_exit_1(home, environment, store):
    configure(home, repositories=[{"name": "octo/orders"}], api_url="http://127.0.0.1:1")
    command = [sys.executable, "-m", "daemon.cli", "poll", "--once"]
    told = environment | {"SECAID_GITHUB_TOKEN": "none that anybody knows"}
    done = subprocess.run(command, env=told, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("✗ octo/orders  GitHub cannot be reached for /repos/octo/orders/actions/artifacts: ")
    assert "Connection refused" in done.stdout
    assert not {"object at", "Max retries"} & set(re.findall("object at|Max retries", done.stdout))


def test_nothing_to_poll_says_where_to_write_it(environment):
    command = [sys.executable, "-m", "daemon.cli", "poll", "--once"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 3
    assert "poll.repositories" in done.stderr


def test_an_idle_poller_imports_neither_pygithub_nor_requests(environment):
    code = "import sys, daemon.process.poller; print({'github', 'requests', 'keyring', 'watchdog'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_run_until_idle_takes_what_is_in_the_watched_folder(home, tmp_path, environment, store):
    configure(home, watch=[str(tmp_path / "inbox")])
    (tmp_path / "inbox" / "a.json").write_text("{}")
    code = (
        "from daemon import settings; from daemon.process import poller; from daemon.process.run import run\n"
        "s, p = settings.load(); run(s, p, until_idle=True, kinds=[], poll=lambda: poller.poll_once(s, p))"
    )
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=PATIENCE)
    assert artifacts(store) == ["a"]


def test_run_starts_the_poller_as_a_process_of_its_own(home, tmp_path, store, serving):
    configure(home, watch=[str(tmp_path / "inbox")])
    code = (
        "from daemon import settings; from daemon.process.run import run\n"
        "s, p = settings.load(); run(s, p, until_idle=False, kinds=[], poller=True)"
    )
    process = serving("-c", code)
    (tmp_path / "inbox" / "a.json").write_text("{}")
    until(lambda: artifacts(store) == ["a"], "the report was not taken")
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
