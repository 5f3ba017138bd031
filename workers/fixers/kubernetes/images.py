"""Images: when they are pulled, and which one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.docker.images import latest_tags, split
from workers.fixers.kubernetes.workload import Resource
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.yamldoc import Node
from workers.source.yamledit import Value


@fixer(
    name="kubernetes-pull-policy",
    weakness="container",
    rules={"checkov": ["CKV_K8S_15"]},
    explain="""With IfNotPresent a node runs whatever it pulled last under that tag, and lets any pod use an image
that another pod's credentials pulled. Always asks the registry each time; unchanged layers are not pulled again.""",
)
def pull_policy(target: Target) -> Iterator[Candidate]:
    """Ask the registry at each start."""
    resource = Resource(target)
    parts = resource.containers(lambda node: node.text("imagePullPolicy") != "Always" and "@" not in node.text("image"))
    edits = [edit for part in parts for edit in resource.put(part, {"imagePullPolicy": "Always"})]
    declares = [path for part in parts for path in resource.declare(part, "imagePullPolicy")]
    how = "Each start asks the registry which image the tag means now, with the pod's own credentials."
    warning = "a pod cannot start while the registry is down"
    candidate = resource.candidate("always", edits, how, declares, [warning])
    if candidate:
        yield candidate


@fixer(
    name="kubernetes-image-reference",
    weakness="container",
    rules={
        "checkov": ["CKV_K8S_14", "CKV_K8S_43"],
        "trivy": ["KSV013", "KSV-0013", "AVD-KSV-0013"],
    },
    explain="""A tag can be moved, and `latest` moves by design: the same manifest then runs different code. A digest
names one image for good.""",
)
def image_reference(target: Target) -> Iterator[Candidate]:
    """The tag that `latest` of an official image meant on a known day; digests and other tags are never made up."""
    resource = Resource(target)
    digest = target.finding.rule.endswith("43")
    parts = resource.containers((lambda node: "@" not in node.text("image")) if digest else _floating)
    image = parts[0].node.text("image")
    tags = [latest_tags(split(part.node.text("image"))[0]) for part in parts]
    if digest or not all(found for found, _ in tags):
        what = "digest" if digest else "tag"
        command = f"`docker buildx imagetools inspect {image}`" if image else "the registry"
        message = (
            f"the {what} of {image or 'the image'} is known to its registry alone: {command} names it; none is guessed"
        )
        raise NoFix(message)
    for index, approach in enumerate(("release-line", "exact-release")):
        chosen = [found[min(index, len(found) - 1)] for found, _ in tags]
        edits, declares = [], []
        for part, tag in zip(parts, chosen, strict=True):
            wanted: dict[str, Value] = {"image": f"{part.node.text('image').removesuffix(':latest')}:{tag}"}
            if not part.node.text("imagePullPolicy"):
                # What Kubernetes does for `latest` unasked, and for other tags only when asked.
                wanted["imagePullPolicy"] = "Always"
            edits += resource.put(part, wanted)
            declares += resource.declare(part, *wanted)
        how = f"`latest` of the official image was {', '.join(chosen)} on {tags[0][1]}: the same image, and it stays. "
        how += "It is asked for at each start, as before."
        candidate = resource.candidate(approach, edits, how, declares)
        if candidate:
            yield candidate


def _floating(node: Node) -> bool:
    image = node.text("image")
    return "@" not in image and (image.endswith(":latest") or not re.search(r":[^/]+$", image))
