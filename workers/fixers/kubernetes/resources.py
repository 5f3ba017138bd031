"""CPU and memory: requests and limits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from daemon.domain.fix import Candidate
from workers.fixers.kubernetes.elsewhere import other_limit
from workers.fixers.kubernetes.memory import memory_limit
from workers.fixers.kubernetes.workload import Part, Resource
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.yamledit import Value

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
        message = (
            f"how much memory {unknown.node.text('image')} takes nothing in the repository tells, and too low a limit "
            "ends it: `kubectl top pod --containers` shows what it uses, to which a limit leaves room"
        )
        raise NoFix(message)
    where = f"{kind}-{section}"
    how = f"Sets the {kind} {section.removesuffix('s')} to {', '.join(dict.fromkeys(values))}{_WHY[section, kind]}"
    wanted = [{section: {kind: value}} for value in values]
    yield from _set(resource, parts, where, wanted, how)
    every = [_missing(resource, part) for part in parts]
    if every != wanted:
        how = "Sets whichever of the values are missing that are known, so that the scheduler and the kernel both know "
        yield from _set(resource, parts, "all-resources", every, f"{how}the container.")


def _missing(resource: Resource, part: Part) -> dict[str, Value]:
    """The values that a container lacks and that something tells."""
    found: dict[str, dict[str, Value]] = {}
    for section, kind in _KEYS.values():
        if not part.node.text("resources", section, kind) and (value := _value(resource, part, section, kind)):
            found.setdefault(section, {})[kind] = value
    return dict(found)


def _value(resource: Resource, part: Part, section: str, kind: str) -> str:
    """What to ask for, or to allow at most; empty where nothing tells."""
    other = part.node.text("resources", _OTHER[section], kind)
    if section == "requests":
        # Without a request Kubernetes reserves the limit.
        return other or _REQUEST[kind]
    if kind == "memory":
        return memory_limit(resource, part)
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(m?)", other)
    asked = round(float(found[1]) * (1 if found[2] else _CORE)) if found else 0
    return other_limit(resource, part, kind) or (f"{2 * asked}m" if 2 * asked > _CORE else "1")


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
