"""What holds for every action that the shipped lock knows."""

import re

import msgspec

from daemon.resources import resource
from workers.source import actions_lock
from workers.source.actions_lock import numbers

LOCK = msgspec.json.decode(resource("config", "actions.lock.json").read_bytes())["actions"]


def test_an_action_stands_there_once_however_its_name_is_written():
    """GitHub ignores case in it, so the poorer of two entries could hide the other."""
    assert len({name.lower() for name in LOCK}) == len(LOCK)
    assert actions_lock.known("AZURE/setup-helm") is actions_lock.known("azure/Setup-Helm")


def _wrong(action):
    releases, branches = action["releases"], action.get("branches", {})
    if not re.search(r"\d{4}-\d\d-\d\d", action["read"]) or action["seen"] not in {"tag", "workflow"}:
        return "does not say where and when it was read"
    if not (releases or branches):
        return "knows nothing"
    if not all(re.fullmatch(r"[0-9a-f]{40}", commit) for commit in (*releases.values(), *branches.values())):
        return "names what is no commit"
    if not all(numbers(tag) or re.fullmatch(r"\d+(\.\d+){3}", tag) for tag in releases):
        return "calls a release what is none"
    return "" if action.get("agreed", {}).keys() <= releases.keys() else "agrees on a release that it does not know"


def test_every_entry_says_commits_and_where_they_were_read():
    assert {name: wrong for name, action in LOCK.items() if (wrong := _wrong(action))} == {}
