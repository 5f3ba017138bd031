"""Root file systems that take writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from daemon.domain.fix import Candidate
from workers.fixers.docker.bases.running import TMP
from workers.fixers.kubernetes.containers.scratch import Folders, mounted, scratch
from workers.fixers.kubernetes.containers.starting import starting
from workers.fixers.kubernetes.containers.survives import writes
from workers.fixers.kubernetes.containers.unknown_servers import refuse_unknown_server
from workers.fixers.kubernetes.security_context import TEST, in_containers
from workers.fixers.kubernetes.workload import Part, Resource, is_true, security
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.yamltext import Value


@fixer(
    name="kubernetes-writable-root",
    weakness="container",
    rules={
        "checkov": ["CKV_K8S_22"],
        "trivy": ["KSV014", "KSV-0014", "AVD-KSV-0014"],
        "semgrep": ["writable-filesystem-container"],
    },
    explain="""An attacker who can write to the container's file system can put tools and changed programs there. With
a read-only root only mounted volumes take writes; a program that needs scratch space gets an emptyDir: at the
folders that a well-known image writes to, or at /tmp where its sources write to no other place.""",
)
def writable_root(target: Target) -> Iterator[Candidate]:
    """Make it read-only, with scratch space where the image is known to write; of no image that nothing is known of."""
    resource = Resource(target)
    parts = resource.containers(lambda node: not is_true(security(node, "readOnlyRootFilesystem")))
    refuse_unknown_server(resource, parts, "where it writes", writes=True)
    context: dict[str, Value] = {"readOnlyRootFilesystem": True}
    for part in parts:
        known = starting(resource, part)
        if known.rewrites and not mounted(part.node, known.rewrites):
            message = (
                f"{part.node.text('image')} changes its own files in {known.rewrites} when it starts: a volume with a "
                "copy of them has to be mounted there first"
            )
            raise NoFix(message)
    wanted = {part.path: tuple(one for one in writes(resource, part) if not mounted(part.node, one)) for part in parts}
    if any(wanted.values()):
        how = "The root file system takes no writes; the folders that the image writes to when it starts stay writable"
        yield from _with_scratch(
            resource, parts, context, wanted, "read-only-root-with-scratch", f"{how}, on the node."
        )
        how = f"{how}, in memory, which counts as the container's."
        yield from _with_scratch(resource, parts, context, wanted, "read-only-root-with-memory", how, memory=True)
        return
    how = "The root file system takes no writes; only mounted volumes do."
    yield from in_containers(resource, parts, "read-only-root", context, how)
    if not any(mounted(part.node, TMP) for part in parts):
        how = "The root file system takes no writes; /tmp stays writable as an emptyDir that ends with the pod."
        folders = {part.path: (TMP,) for part in parts}
        yield from _with_scratch(resource, parts, context, folders, "read-only-root-with-tmp", how)


def _with_scratch(
    resource: Resource,
    parts: Sequence[Part],
    context: Mapping[str, Value],
    folders: Folders,
    approach: str,
    how: str,
    *,
    memory: bool = False,
) -> Iterator[Candidate]:
    found = scratch(resource, parts, folders, memory=memory)
    if found is None:
        return
    edits, declares = found
    edits += [edit for part in parts for edit in resource.put(part, {"securityContext": context})]
    for part in parts:
        declares += resource.declare(part, "securityContext.readOnlyRootFilesystem")
    candidate = resource.candidate(approach, edits, how, declares, [TEST])
    if candidate:
        yield candidate
