"""Files that a test runner reads, or that start one, whatever they are called."""

from __future__ import annotations

import re

from workers.fixers.python.source.module import Module

_RUNNERS = frozenset((
    "pytest", "_pytest", "pytest_bdd", "pytest_django", "unittest", "nose", "behave", "lettuce", "radish", "robot",
    "flask_testing", "locust", "testtools",
))  # fmt: skip
_MAKES_UP = frozenset(("faker", "factory", "mimesis", "model_bakery"))
_OF_CI = re.compile(
    r"^\.(?:github|gitlab|circleci|travis|ci|azure-pipelines)/|^(?:dev|devel|development|dev[-_]?(?:tools?|env)|playground|sandbox)/"
)
"""Folders of what builds the project, and of what its developers run on their own machines."""
_DATA = re.compile(r"(?:test|sample|dummy|fake|mock)[-_]?(?:data|users?)[^/]*\.py$")
_STARTED = ("django.test.runner.", "django.test.utils.get_runner")


def of_a_runner(file: Module) -> bool:
    """Whether the file imports what only tests import."""
    return any(name.partition(".")[0] in _RUNNERS or name.startswith(_STARTED) for name in file.aliases.values())


def makes_up(file: Module) -> bool:
    """Whether the file is there for the runs that build the project, for its developers, or to make data up."""
    roots = {name.partition(".")[0] for name in file.aliases.values()}
    return bool(_OF_CI.search(file.path) or _DATA.search(file.path) or roots & _MAKES_UP)
