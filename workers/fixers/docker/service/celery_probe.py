"""Celery's workers: they open no port, and answer a ping that goes through their broker."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from daemon.domain.fix import Candidate
from workers.fixers.docker.service.probes import Image, check

_NAMED = re.compile(r"-n|--hostname(?:=.*)?|-D|--detach|multi")
"""A name of its own, or a worker that leaves the container's first process."""
_PLAIN = re.compile(r"[\w.:@/-]+")
_OPTIONS = "--interval=60s --timeout=30s --start-period=60s --retries=3"
_SLOW = "each question starts Python and goes through the broker: ask less often where that costs too much"


def celery_probe(image: Image, words: Sequence[str]) -> Iterator[Candidate]:
    """A ping to this container's worker; nothing where the image starts no worker, or one under another name."""
    at = next((number for number, word in enumerate(words) if word.rpartition("/")[2] == "celery"), None)
    if at is None or "worker" not in words[at:] or any(_NAMED.fullmatch(word) for word in words[at:]):
        return
    app = _app(words[at:])
    started = list(words[: at + 1])
    if app is None or image.base.family in {None, "scratch", "distroless"}:
        return
    if not all(_PLAIN.fullmatch(word) for word in [*started, app]):
        return
    line = f"exec {' '.join(started)} -A {app} inspect ping -d celery@$HOSTNAME"
    how = (
        "Sends the worker of this container a ping through the broker, as Celery's own guide does: it answers or hangs."
    )
    yield check(image, "worker-ping", json.dumps(["/bin/sh", "-c", line]), how, [_SLOW], options=_OPTIONS)


def _app(words: Sequence[str]) -> str | None:
    """The application that the worker is told."""
    for number, word in enumerate(words):
        if word in {"-A", "--app"} and number + 1 < len(words):
            return words[number + 1]
        if word.startswith("--app="):
            return word.partition("=")[2]
    return None
