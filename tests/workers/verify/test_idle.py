"""Health checks that ask nothing, and those that do."""

from __future__ import annotations

import pytest

from workers.verify.idle import says_nothing


@pytest.mark.parametrize(
    "command", ["true", "exit 0", "date", "echo ok && exit 0", "curl x; exit 0", "curl x || true", "test 1", "ls /", ""]
)
def test_a_command_that_always_ends_the_same_way(command):
    assert says_nothing(["sh", "-c", command])


@pytest.mark.parametrize(
    "command",
    ["curl -f x || exit 1", "test -e /run/up", "cat /run/up", "pgrep app > /dev/null", '[ "$(curl x)" = 200 ]', "a 'b"],
)
def test_a_command_that_finds_something_out(command):
    assert not says_nothing(["sh", "-c", command])
