"""CPU and memory: requests and limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from daemon.domain.fix import Candidate
from workers.fixers.docker.running import running
from workers.fixers.kubernetes.workload import Part, Resource
from workers.fixers.registry import Target, fixer
from workers.source.yamldoc import Node
from workers.source.yamledit import Value

_KEYS = {
    "CKV_K8S_10": ("requests", "cpu"), "CKV_K8S_11": ("limits", "cpu"),
    "CKV_K8S_12": ("requests", "memory"), "CKV_K8S_13": ("limits", "memory"),
    "KSV011": ("limits", "cpu"), "KSV015": ("requests", "cpu"),
    "KSV016": ("requests", "memory"), "KSV018": ("limits", "memory"),
}  # fmt: skip
_START: Mapping[tuple[str, str], str] = {
    ("requests", "cpu"): "100m", ("limits", "cpu"): "500m",
    ("requests", "memory"): "128Mi", ("limits", "memory"): "256Mi",
}  # fmt: skip
_OTHER = {"requests": "limits", "limits": "requests"}
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
    matched = all(part.node.text("resources", _OTHER[section], kind) for part in parts)
    words = f"Sets the {kind} {section.removesuffix('s')}"
    if matched:
        chosen = [part.node.text("resources", _OTHER[section], kind) for part in parts]
        how = f"{words} to the {_OTHER[section].removesuffix('s')} that stands there."
        wanted = [{section: {kind: one}} for one in chosen]
        checks = [_MEASURE] if section == "limits" else []
        yield from _set(resource, parts, f"{kind}-{section}-as-{_OTHER[section]}", wanted, how, checks)
    else:
        values = [_start(part.node, section, kind) for part in parts]
        how = f"{words} to {', '.join(dict.fromkeys(values))}."
        wanted = [{section: {kind: value}} for value in values]
        yield from _set(resource, parts, f"{kind}-{section}", wanted, how, [_MEASURE])
    how = "Sets whichever of the four values are missing, so that the scheduler and the kernel both know the container."
    yield from _set(resource, parts, "all-resources", [_missing(part.node) for part in parts], how, [_MEASURE])


def _missing(node: Node) -> dict[str, Value]:
    """The values that a container lacks, none below what it already requests."""
    found: dict[str, dict[str, Value]] = {}
    for section, kind in _START:
        if not node.text("resources", section, kind):
            start = _start(node, section, kind)
            found.setdefault(section, {})[kind] = node.text("resources", _OTHER[section], kind) or start
    return dict(found)


def _start(node: Node, section: str, kind: str) -> str:
    """A starting value: what the image is known to take, else the usual."""
    known = running(node.text("image")).memory if kind == "memory" else None
    return known or _START[section, kind]


def _set(
    resource: Resource,
    parts: Sequence[Part],
    approach: str,
    wanted: Sequence[Mapping[str, Value]],
    explanation: str,
    warnings: Sequence[str] = (),
) -> Iterator[Candidate]:
    edits = [edit for part, one in zip(parts, wanted, strict=True) for edit in resource.put(part, {"resources": one})]
    declares = [path for part in parts for path in resource.declare(part, "resources")]
    candidate = resource.candidate(approach, edits, explanation, declares, warnings)
    if candidate:
        yield candidate
