"""Fixed files → those with which the project's own tests still pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from daemon.errors import ScannerUnavailable
from workers.verify.sandbox import Sandbox

MAX_RUNS = 16
"""Of the test command, for files one by one after all of them together failed."""
Say = Callable[[str], None]


def control(sandbox: Sandbox) -> None:
    """See that the tests pass on the project as it is: only then do they say something of a change.

    Raises:
        ScannerUnavailable: they fail.
    """
    tested = sandbox.passes({})
    if not tested.passed:
        message = f"L4: the test command fails on the project as it is, so it says nothing of a fix: {tested.words}"
        raise ScannerUnavailable(message)


def passing(files: Mapping[str, bytes], sandbox: Sandbox, say: Say = lambda _line: None) -> dict[str, bytes]:
    """The largest set found: all files, else those that pass alone and then together, else none."""
    if not files or sandbox.passes(files).passed:
        say(f"the project's tests pass with {'one fixed file' if len(files) == 1 else f'{len(files)} fixed files'}")
        return dict(files)
    say("the project's tests fail with all fixes together; trying the files one by one")
    alone = {}
    for path, content in list(files.items())[:MAX_RUNS]:
        tested = sandbox.passes({path: content})
        say(f"{path}: tests {'pass' if tested.passed else f'fail: {tested.words}'}")
        if tested.passed:
            alone[path] = content
    return alone if alone and sandbox.passes(alone).passed else {}
