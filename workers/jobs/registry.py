"""What a job kind is, and where they are found: one file of this room each, named like its kind."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any

import msgspec

from daemon.domain.job import Job
from daemon.process.policy import Policy
from workers.jobs.context import JobContext
from workers.registry import Registry

Function = Callable[[Job, JobContext], None]

_PACKAGE = "workers.jobs"


class JobType(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of job: its function and its bounds."""

    kind: str
    function: Function
    policy: Policy


JOBS: Registry[JobType] = Registry("job kind", _PACKAGE)


def job(kind: str, **policy: Any) -> Callable[[Function], Function]:
    """Register a function as what jobs of `kind` do; keywords are `Policy`'s fields.

    The function must commit through `context.complete()`. It may raise `Unavailable` (put back, no attempt
    spent), `Retryable` (backs off), `Permanent` (dead at once); anything else is retried like `Retryable`.
    """

    def register(function: Function) -> Function:
        JOBS.add(kind, JobType(kind=kind, function=function, policy=Policy(**policy)))
        return function

    return register


def find(kind: str) -> JobType:
    """The kind of that name. Its own file is imported, and no other: a kind that cannot be imported harms no neighbour.

    Raises:
        KeyError: there is none; the message lists those there are.
    """
    module = f"{_PACKAGE}.{kind}"
    if importlib.util.find_spec(module) is None:
        return JOBS.get(kind)
    importlib.import_module(module)
    return JOBS.registered(kind)
