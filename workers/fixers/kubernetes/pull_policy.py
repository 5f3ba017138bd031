"""When an image is pulled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from daemon.domain.fix import Candidate
from workers.fixers.docker.bases.images import base_named
from workers.fixers.kubernetes.containers.local_images import put_on_nodes
from workers.fixers.kubernetes.images import digests, floating, renamed
from workers.fixers.kubernetes.workload import Part, Resource
from workers.fixers.registry import NoFix, Target, fixer
from workers.source import yamledit
from workers.source.images import latest_tags, split
from workers.source.tree import SourceTree


@fixer(
    name="kubernetes-pull-policy",
    weakness="container",
    rules={"checkov": ["CKV_K8S_15"]},
    explain="""With IfNotPresent a node runs whatever it pulled last under that tag, and lets any pod use an image
that another pod's credentials pulled. Always asks the registry each time; unchanged layers are not pulled again. A
digest names one image for good: under it a node can have no other.""",
)
def pull_policy(target: Target) -> Iterator[Candidate]:
    """Ask the registry at each start; or name the image by its digest."""
    resource = Resource(target)
    parts = resource.containers(lambda node: node.text("imagePullPolicy") != "Always" and "@" not in node.text("image"))
    if reason := _unasked(target.tree, parts):
        raise NoFix(reason)
    edits = [edit for part in parts for edit in resource.put(part, {"imagePullPolicy": "Always"})]
    declares = [path for part in parts for path in resource.declare(part, "imagePullPolicy")]
    how = "Each start asks the registry which image the tag means now, with the pod's own credentials."
    warning = "a pod cannot start while the registry is down"
    found = [resource.candidate("always", edits, how, declares, [warning])]
    if all(part.node.text("imagePullPolicy") and floating(part.node) for part in parts):
        edits = [yamledit.delete_key(resource.doc, part.node, "imagePullPolicy") for part in parts]
        declares = [path for part in parts for path in resource.declare(part, "imagePullPolicy/delete")]
        how = "Kubernetes asks the registry at each start by itself where the tag is `latest` or none is written."
        found.append(resource.candidate("default-policy", edits, how, declares, [warning]))
    if all(pins := [digests(target.tree, part.node.text("image")) for part in parts]):
        how = " What a node has under a digest is that image and no other: the registry need not be asked again."
        found.append(renamed(resource, parts, [each[0] for each in pins], how))
    yield from filter(None, found)


def _unasked(tree: SourceTree, parts: Sequence[Part]) -> str:
    """Why no registry can be asked for an image; empty where one can."""
    for part in parts:
        image = part.node.text("image")
        if not image:
            return (
                "the container's image is named in another file, which this one patches: its pull policy belongs there"
            )
        if part.node.text("imagePullPolicy") == "Never":
            return f"{image} is put on the nodes by hand (Never): no registry has it that could be asked"
        if _built_here(image):
            return (
                f"{image} is no official image, and names no registry: who builds it puts it on the nodes, and a "
                "registry that is asked for it has none"
            )
        if where := put_on_nodes(tree, image):
            return f"{where} builds {image} on the node itself, and no registry has it"
    return ""


def _built_here(image: str) -> bool:
    """Whether the name is short, as official images have it, and no known one's."""
    name = split(image)[0]
    return (
        "/" not in name
        and not image.startswith(("docker.io/", "index.docker.io/"))
        and not (latest_tags(name)[0] or base_named(name).family)
    )
