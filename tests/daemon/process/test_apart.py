"""What is done apart is told, and leaves nothing behind; what a copy cannot do the process does itself."""

from __future__ import annotations

import subprocess
import sys

BEGIN = """
import os, signal, sys
from daemon.process.apart import apart
first = os.getpid()
def work():
    import sqlite3
    return "copy" if os.getpid() != first else "itself"
"""


def told(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", BEGIN + code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_a_copy_tells_and_takes_with_it_what_it_imported() -> None:
    code = "print(apart(work, [signal.SIGTERM]), apart(lambda: '', []) == '', 'sqlite3' in sys.modules)"
    assert told(code) == ["copy", "True", "False"]


def test_no_copy_and_no_descriptor_is_left() -> None:
    code = """
before = len(os.listdir("/dev/fd"))
for _ in range(20): apart(work, [])
try: os.waitpid(-1, os.WNOHANG)
except ChildProcessError: print("none", len(os.listdir("/dev/fd")) - before)
"""
    assert told(code) == ["none", "0"]


def test_a_copy_that_is_killed_or_cannot_be_made_is_done_without() -> None:
    code = """
def fragile():
    if os.getpid() != first: os.kill(os.getpid(), signal.SIGKILL)
    return work()
print(apart(fragile, []))
def none(): raise BlockingIOError
before = len(os.listdir("/dev/fd"))
os.fork = none
print(apart(work, []), len(os.listdir("/dev/fd")) - before)
"""
    assert told(code) == ["itself", "itself", "0"]


def test_a_signal_that_the_process_handles_just_ends_its_copy() -> None:
    code = """
signal.signal(signal.SIGTERM, lambda *_: print("handled by", "copy" if os.getpid() != first else "itself"))
def ended():
    if os.getpid() != first: os.kill(os.getpid(), signal.SIGTERM)
    return work()
print(apart(ended, [signal.SIGTERM]), flush=True)
os.kill(first, signal.SIGTERM)
"""
    assert told(code) == ["itself", "handled", "by", "itself"]
