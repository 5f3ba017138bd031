"""Pods that Terraform's Kubernetes provider makes: what the fixers of manifests propose, in the module's own words."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

import msgspec

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Location, Region
from daemon.domain.fix import Candidate
from workers.fixers.propose import knows
from workers.fixers.registry import FIXERS, NoFix, NotHere, OtherLanguage, Target, fixer
from workers.fixers.terraform.manifest import Manifest, Translated, kind_of, plain
from workers.fixers.terraform.resource import Resource
from workers.source.hcl import HclBroken
from workers.source.tree import SourceTree

_NUMBERS = (8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 22, 25, 26, 27, 28, 29, 30, 37, 39)
_SAME = {"CKV_K8S_29": "CKV_K8S_30"}
"""Of a module checkov asks for the containers' own context where of a manifest the pod's is enough."""
_PROBES = frozenset(("CKV_K8S_8", "CKV_K8S_9"))
_ROOT, _SCRATCH, _CONTEXT = "CKV_K8S_22", "read-only-root-with", b"securityContext:"
_FIXERS = "kubernetes-"


class _With:
    """A tree, with one file more."""

    def __init__(self, tree: SourceTree, path: str, content: bytes) -> None:
        self._tree, self._path, self._content = tree, path, content

    def read(self, path: str) -> bytes:
        """Its bytes."""
        return self._content if path == self._path else self._tree.read(path)

    def paths(self) -> Iterator[str]:
        """All, the new one first."""
        yield self._path
        yield from self._tree.paths()


@fixer(
    name="terraform-pods",
    weakness="container",
    rules={"checkov": [f"CKV_K8S_{number}" for number in _NUMBERS]},
    explain="""A pod is the same pod whether a manifest or a Terraform module describes it: without limits it can starve
its node, with all capabilities whoever breaks in has more to break out with, without probes a hung program stays.
Terraform waits for the rollout, so that a pod that does not start shows at once.""",
)
def pods(target: Target) -> Iterator[Candidate]:
    """Each approach that the fixers of manifests have for it, which only adds or changes settings."""
    resource = Resource(target)
    if not resource.type.startswith("kubernetes_"):
        raise OtherLanguage(resource.address)
    if not kind_of(resource):
        message = f"{resource.address} runs no pod of its own"
        raise NotHere(message)
    written = Manifest(resource, any_port=target.finding.rule in _PROBES)
    path = posixpath.join(posixpath.dirname(resource.hcl.path), f"{resource.address}.yaml")
    rule = target.finding.rule
    reasons: list[NoFix] = []
    found = False
    for candidate in _of_manifest(target, path, written.content, _SAME.get(rule, rule), reasons):
        made = list(_in_hcl(target, resource, written, path, candidate, reasons))
        found = found or bool(made)
        yield from made
    if not found and reasons:
        raise reasons[0]


def _of_manifest(target: Target, path: str, content: bytes, rule: str, reasons: list[NoFix]) -> Iterator[Candidate]:
    """What the fixers of manifests propose for a rule."""
    region = Region(start_line=1, end_line=content.count(b"\n"))
    finding = msgspec.structs.replace(target.finding, rule=rule, locations=(Location(path=path, region=region),))
    for one in FIXERS:
        if not one.name.startswith(_FIXERS) or not knows(one, finding):
            continue
        try:
            yield from one.propose(Target(finding=finding, tree=_With(target.tree, path, content)))
        except NoFix as reason:
            reasons.append(reason)


def _in_hcl(
    target: Target, resource: Resource, written: Manifest, path: str, candidate: Candidate, reasons: list[NoFix]
) -> Iterator[Candidate]:
    after = apply_edits(written.content, candidate.edits)
    how, warnings = candidate.explanation, list(candidate.warnings)
    if after.count(_CONTEXT) > written.content.count(_CONTEXT) and target.finding.rule != _ROOT:
        # checkov looks at the root file system of a module's container as soon as that has a context.
        found = list(_of_manifest(target, path, after, _ROOT, []))
        more = next((one for one in found if one.approach.startswith(_SCRATCH)), None)
        if more is not None:
            after = apply_edits(after, more.edits)
            how = f"{how} With a context of its own a container is asked for more, too: {more.explanation}"
            warnings = list(dict.fromkeys((*warnings, *more.warnings)))
    try:
        changed = Translated(resource, plain(written.content), plain(after), written.ports)
    except (NoFix, HclBroken) as reason:
        reasons.append(NoFix(str(reason)))
        return
    yield from resource.candidate(candidate.approach, changed.edits, how, changed.declares, warnings)
