"""Files that a test runner reads, or that start one, whatever they are called."""

from __future__ import annotations

from workers.fixers.python.module import Module

_RUNNERS = frozenset(("pytest", "_pytest", "unittest", "nose"))
_STARTED = ("django.test.runner.", "django.test.utils.get_runner")


def of_a_runner(file: Module) -> bool:
    """Whether the file imports what only tests import."""
    return any(name.partition(".")[0] in _RUNNERS or name.startswith(_STARTED) for name in file.aliases.values())
