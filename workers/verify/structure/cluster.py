"""Kubernetes manifests: values that satisfy a scanner, and no cluster or nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from workers.verify.idle import says_nothing

_UNITS = {"m": 0.001, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30,
          "Ti": 2.0**40}  # fmt: skip
_QUANTITY = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>m|k|M|G|T|Ki|Mi|Gi|Ti)?")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def mistaken(before: Any, after: Any) -> Iterator[str]:
    """What only the patched document says and cannot work, as phrases."""
    known = set(_mistakes(before))
    yield from (mistake for mistake in dict.fromkeys(_mistakes(after)) if mistake not in known)


def _mistakes(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _mistakes(item)
    elif isinstance(node, dict):
        yield from _context(node)
        yield from _limits(node)
        yield from _probes(node)
        for value in node.values():
            yield from _mistakes(value)


def _context(node: dict[str, Any]) -> Iterator[str]:
    if _text(node.get("runAsNonRoot")) == "true" and _text(node.get("runAsUser")) == "0":
        yield "runAsNonRoot with runAsUser 0 never starts"


def _limits(node: dict[str, Any]) -> Iterator[str]:
    limits, requests = node.get("limits"), node.get("requests")
    for name, value in limits.items() if isinstance(limits, dict) else ():
        limit = _quantity(value)
        if limit == 0:
            yield f"a limit of no {name} is none"
        wanted = _quantity(requests.get(name)) if isinstance(requests, dict) else None
        if limit is not None and wanted is not None and wanted > limit:
            yield f"it asks for more {name} than its limit"


def _probes(node: dict[str, Any]) -> Iterator[str]:
    listed = node.get("ports")
    ports = (
        {_text(one.get(key)) for one in listed if isinstance(one, dict) for key in ("containerPort", "name")}
        if isinstance(listed, list)
        else set()
    )
    for name in _PROBES:
        probe = node.get(name)
        if not isinstance(probe, dict):
            continue
        command = probe.get("exec", {}).get("command") if isinstance(probe.get("exec"), dict) else None
        if isinstance(command, list) and says_nothing([_text(word) or "" for word in command]):
            yield f"{name} asks nothing"
        for kind in ("httpGet", "tcpSocket", "grpc"):
            asked = _text(probe[kind].get("port")) if isinstance(probe.get(kind), dict) else None
            if asked and ports - {None} and asked not in ports:
                yield f"{name} asks port {asked}, which the container does not name"


def _quantity(value: Any) -> float | None:
    match = _QUANTITY.fullmatch(_text(value) or "")
    return float(match["number"]) * _UNITS[match["unit"] or ""] if match else None


def _text(value: Any) -> str | None:
    return str(value[1]) if isinstance(value, tuple) else None
