"""What ends any command: one message and the documented exit code, no traceback."""

import errno
import io
import sys

import click
import pytest
from click.testing import CliRunner

from daemon.cli.main import LazyGroup, main


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 3, "secaid: [Errno 28] No space left on device\n"),
        (KeyboardInterrupt(), 130, "secaid: interrupted\n"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 1, ""),
    ],
)
def test_what_the_system_refuses_is_said_and_is_no_finding(monkeypatch, error, status, said):
    @click.command()
    def breaks() -> None:
        raise error

    monkeypatch.setattr(LazyGroup, "get_command", lambda _self, _ctx, _name: breaks)
    result = CliRunner().invoke(LazyGroup("secaid"), ["breaks"])
    assert (result.exit_code, result.stderr) == (status, said)


def test_a_terminal_without_unicode_shows_less_and_no_traceback(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    monkeypatch.setattr(sys.modules["daemon.cli.main"], "secaid", lambda **_: print("dash – and café"))
    main()
    sys.stdout.flush()
    assert raw.getvalue() == b"dash \\u2013 and caf\\xe9\n"
