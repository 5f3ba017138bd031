"""CPU and memory: requests and limits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from daemon.domain.fix import Candidate
from workers.fixers.kubernetes.containers.memory import heap, memory_limit, number, quantity
from workers.fixers.kubernetes.manifests.elsewhere import other_limit
from workers.fixers.kubernetes.workload import Part, Resource
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.yamltext import Value

_KEYS = {
    "CKV_K8S_10": ("requests", "cpu"), "CKV_K8S_11": ("limits", "cpu"),
    "CKV_K8S_12": ("requests", "memory"), "CKV_K8S_13": ("limits", "memory"),
    "KSV011": ("limits", "cpu"), "KSV015": ("requests", "cpu"),
    "KSV016": ("requests", "memory"), "KSV018": ("limits", "memory"),
}  # fmt: skip
_OTHER = {"requests": "limits", "limits": "requests"}
_REQUEST = {"cpu": "100m", "memory": "128Mi"}
_CORE = 1000
_WHY = {
    ("requests", "cpu"): ", which the scheduler reserves for it.",
    ("requests", "memory"): ", which the scheduler reserves for it.",
    ("limits", "cpu"): ", above which the container waits, and no longer takes a node's cores from its neighbours.",
    ("limits", "memory"): ", at which the kernel ends the container, and not its neighbours.",
}
_MEASURE = "a starting value: set it to what the container was measured to need"


@fixer(
    name="kubernetes-resources",
    weakness="container",
    rules={
        "checkov": ["CKV_K8S_10", "CKV_K8S_11", "CKV_K8S_12", "CKV_K8S_13"],
        "trivy": [
            f"{prefix}{number}" for number in ("011", "015", "016", "018") for prefix in ("KSV", "KSV-0", "AVD-KSV-0")
        ],
    },
    explain="""Without limits one container can take a node's CPU or memory from all others; without requests the
scheduler packs pods blindly and evicts them first. A request is what is reserved, a limit is where the kernel stops
it: memory above the limit kills the container, CPU above it only waits.""",
)
def resources(target: Target) -> Iterator[Candidate]:
    """The one that is missing; or all four together."""
    resource = Resource(target)
    section, kind = _KEYS[target.finding.rule.removeprefix("AVD-").replace("-0", "")]
    parts = resource.containers(lambda node: not node.text("resources", section, kind))
    values = [_value(resource, part, section, kind) for part in parts]
    if unknown := next((part for part, value in zip(parts, values, strict=True) if not value), None):
        if kind == "cpu":
            message = (
                f"how many cores {unknown.node.text('image')} needs beside its accelerator nothing in the repository "
                "tells, and too few leave that waiting"
            )
            raise NoFix(message)
        message = (
            f"how much memory {unknown.node.text('image')} takes nothing in the repository tells, and too low a limit "
            "ends it: `kubectl top pod --containers` shows what it uses, to which a limit leaves room"
        )
        raise NoFix(message)
    how = f"Sets the {kind} {section.removesuffix('s')} to {', '.join(dict.fromkeys(values))}{_WHY[section, kind]}"
    wanted = [_with_request(resource, part, section, kind, value) for part, value in zip(parts, values, strict=True)]
    if any("requests" in one for one in wanted) and section == "limits":
        how = f"{how} Without a request Kubernetes would reserve the whole limit: so a smaller one is set, too."
        if any(len(one.get("requests", {})) > 1 for one in wanted):
            how = f"{how} The other request comes along, for which scanners ask once one of them stands there."
    yield from _set(resource, parts, f"{kind}-{section}", wanted, how)
    every = [_missing(resource, part) for part in parts]
    if every != wanted:
        how = "Sets whichever of the values are missing that are known, so that the scheduler and the kernel both know "
        yield from _set(resource, parts, "all-resources", every, f"{how}the container.")


def _with_request(resource: Resource, part: Part, section: str, kind: str, value: str) -> dict[str, dict[str, Value]]:
    """The value; beside a limit the request that would else be as large."""
    alone: dict[str, dict[str, Value]] = {section: {kind: value}}
    said = part.node.child("resources")
    if section == "requests" or part.node.text("resources", "requests", kind):
        return alone
    if _value(resource, part, "requests", kind) == value:
        return alone
    # Of a list of resources without requests scanners ask for none, and with one for the other, too.
    kinds = ("cpu", "memory") if said is not None and said.child("requests") is None else (kind,)
    return {"requests": {each: _value(resource, part, "requests", each) for each in kinds}, **alone}


def _missing(resource: Resource, part: Part) -> dict[str, dict[str, Value]]:
    """The values that a container lacks and that something tells."""
    found: dict[str, dict[str, Value]] = {}
    for section, kind in _KEYS.values():
        if not part.node.text("resources", section, kind) and (value := _value(resource, part, section, kind)):
            found.setdefault(section, {})[kind] = value
    return found


def _value(resource: Resource, part: Part, section: str, kind: str) -> str:
    """What to ask for, or to allow at most; empty where nothing tells."""
    other = part.node.text("resources", _OTHER[section], kind)
    if section == "limits":
        return memory_limit(resource, part) if kind == "memory" else _cores(resource, part, other)
    if other:
        # Without a request Kubernetes reserves the limit.
        return other
    limit = _value(resource, part, "limits", kind)
    least = _REQUEST[kind]
    if kind == "memory" and heap(part) > number(least):
        # A heap that is told is filled in time.
        least = quantity(heap(part))
    return min(least, limit or least, key=_AMOUNT[kind])


def _cores(resource: Resource, part: Part, asked: str) -> str:
    """What other manifests let the image have, where that is not less than this one asks for; else twice that."""
    least = _millis(asked)
    told = other_limit(resource, part, "cpu")
    if not least and not told and _accelerated(part):
        return ""
    if told and _millis(told) >= least:
        return told
    return f"{2 * least}m" if 2 * least > _CORE else "1"


def _accelerated(part: Part) -> bool:
    """Whether the container computes on devices that it is given."""
    limits = part.node.get("resources", "limits")
    return limits is not None and any("gpu" in key.value or "tpu" in key.value for key, _ in limits.entries)


def _millis(text: str) -> int:
    """Thousandths of a core; nought where it is no quantity of them."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(m?)", text)
    return round(float(found[1]) * (1 if found[2] else _CORE)) if found else 0


_AMOUNT = {"cpu": _millis, "memory": number}


def _set(
    resource: Resource,
    parts: Sequence[Part],
    approach: str,
    wanted: Sequence[Mapping[str, Value]],
    explanation: str,
) -> Iterator[Candidate]:
    edits = [edit for part, one in zip(parts, wanted, strict=True) for edit in resource.put(part, {"resources": one})]
    declares = [path for part in parts for path in resource.declare(part, "resources")]
    candidate = resource.candidate(approach, edits, explanation, declares, [_MEASURE])
    if candidate:
        yield candidate
