"""The runtime's filter of system calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from daemon.domain.fix import Candidate
from workers.fixers.changed import if_changed
from workers.fixers.kubernetes.containers.agents import refuse_agent
from workers.fixers.kubernetes.containers.survives import refuse_unasked
from workers.fixers.kubernetes.security_context import PRIVILEGED, in_containers, lacks, privileged
from workers.fixers.kubernetes.workload import Part, Resource, security
from workers.fixers.registry import Harmless, Target, fixer
from workers.source.yamltext import Value

_TYPE, _DEFAULT = ("seccompProfile", "type"), "RuntimeDefault"
_ANNOTATION = "seccomp.security.alpha.kubernetes.io/pod"


@fixer(
    name="kubernetes-seccomp",
    weakness="container",
    rules={
        "checkov": ["CKV_K8S_31"],
        "trivy": ["KSV030", "KSV-0030", "AVD-KSV-0030", "KSV104", "KSV-0104", "AVD-KSV-0104"],
        "semgrep": ["seccomp-confinement-disabled"],
    },
    explain="""Without a seccomp profile a container may make every system call, and kernel bugs hide in the rare ones.
`RuntimeDefault` is the container runtime's own filter: it blocks some fifty calls that programs hardly use.""",
)
def seccomp(target: Target) -> Iterator[Candidate]:
    """The runtime's filter, for the pod or for each container."""
    resource = Resource(target)
    profile: dict[str, Value] = {"seccompProfile": {"type": "RuntimeDefault"}}
    every = resource.containers(lambda _node: True)
    wrong = [part for part in every if security(part.node, *_TYPE) not in ("", _DEFAULT)]
    said = {security(part.node, *_TYPE) for part in (*wrong, resource.pod)}
    if "Localhost" in said:
        message = "a container has a filter of its own on the node (Localhost), narrower as a rule than the runtime's"
        raise Harmless(message)
    if "Unconfined" in said:
        refuse_unasked(resource, wrong or every, "no filter (Unconfined)")
    if resource.kind == "ReplicationController":
        yield from _annotated(resource, wrong, profile)
        return
    open_ones = [part for part in every if privileged(part)]
    warnings = [PRIVILEGED] if open_ones else []
    if open_ones:
        refuse_agent(resource, "its privilege, with which no filter holds")
        refuse_unasked(resource, open_ones, "privilege, with which no filter holds")
    no_more: dict[str, Value] = {"privileged": False}
    if not wrong:
        how = "All containers of the pod get the runtime's system-call filter."
        yield from in_containers(resource, open_ones, "pod-runtime-default", no_more, how, warnings, pod=profile)
    if resource.kind != "CronJob":
        how = "Each container gets the runtime's system-call filter."
        parts = wrong or resource.containers(lacks("seccompProfile", "runtimedefault"))
        # A privileged container runs without a filter, whatever else it says.
        context = profile | (no_more if any(privileged(part) for part in parts) else {})
        yield from in_containers(resource, parts, "container-runtime-default", context, how, warnings)


def _annotated(resource: Resource, wrong: Sequence[Part], profile: Mapping[str, Value]) -> Iterator[Candidate]:
    """The filter, and the annotation that said so before clusters knew the field: scanners read that of this kind."""
    path = (*resource.path, "spec", "template")
    template = Part(path, resource.root.get("spec", "template") or resource.pod.node)
    note = {"metadata": {"annotations": {_ANNOTATION: "runtime/default"}}}
    how = "gets the runtime's system-call filter; an annotation says the same, as clusters before 1.19 read it."
    for approach, parts, who in (
        ("pod-runtime-default", [] if wrong else [resource.pod], "Each container of the pod"),
        ("container-runtime-default", wrong or resource.containers(lambda _node: True), "Each container"),
    ):
        edits = [edit for part in parts for edit in resource.put(part, {"securityContext": profile})]
        declares = [path for part in parts for path in resource.declare(part, "securityContext.seccompProfile")]
        if edits:
            edits += resource.put(template, note)
            declares += resource.declare(template, "metadata.annotations")
            yield from if_changed(approach, edits, f"{who} {how}", declares)
