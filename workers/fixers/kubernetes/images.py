"""Images: when they are pulled, and which one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.kubernetes.workload import Resource
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.yamldoc import Node


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
    """The version that the manifest itself names, or none: digests and tags are never made up."""
    resource = Resource(target)
    parts = resource.containers(
        _floating if not target.finding.rule.endswith("43") else lambda node: "@" not in node.text("image")
    )
    image = parts[0].node.text("image")
    what = "digest" if target.finding.rule.endswith("43") else "tag"
    command = f"`docker buildx imagetools inspect {image}`" if image else "the registry"
    message = (
        f"the {what} of {image or 'the image'} is known to its registry alone: {command} names it; none is guessed"
    )
    raise NoFix(message)


def _floating(node: Node) -> bool:
    image = node.text("image")
    return "@" not in image and (image.endswith(":latest") or not re.search(r":[^/]+$", image))
