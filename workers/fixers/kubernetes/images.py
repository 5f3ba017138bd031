"""Images: which one a container runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from daemon.domain.fix import Candidate
from workers.fixers.docker.bases import pinned
from workers.fixers.docker.bases.pinned import Pin
from workers.fixers.kubernetes.manifests.kustomize import tagged
from workers.fixers.kubernetes.workload import Part, Resource
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.images import latest_tags, split
from workers.source.tree import SourceTree
from workers.source.yamldoc import Node
from workers.source.yamltext import Value

_BUILT = "ko://"
"""What stands for a Go program's image until it is built."""


@fixer(
    name="kubernetes-image-reference",
    weakness="container",
    rules={
        "checkov": ["CKV_K8S_14"],
        "trivy": ["KSV013", "KSV-0013", "AVD-KSV-0013"],
    },
    explain="""`latest` moves by design: the same manifest then runs different code. A release's tag says which code
runs, and is changed on purpose.""",
)
def image_reference(target: Target) -> Iterator[Candidate]:
    """What `latest` of an official image meant on a known day, or the newest release that is known of another."""
    resource = Resource(target)
    parts = resource.containers(floating)
    if all(part.node.text("image").startswith(_BUILT) for part in parts):
        message = f"`ko` builds {parts[0].node.text('image')} and writes its digest there before the cluster sees it"
        raise Harmless(message)
    by = [tagged(target.tree, resource.doc.path, part.node.text("image")) for part in parts]
    if all(by):
        message = f"no cluster sees the image as it stands here: {by[0]}"
        raise Harmless(message)
    known = [_releases(target.tree, part.node.text("image")) for part in parts]
    unknown = [part.node.text("image") for part, found in zip(parts, known, strict=True) if not found]
    if unknown:
        raise NoFix(_known_elsewhere("tag", unknown[0]))
    for index in range(2):
        chosen = [found[min(index, len(found) - 1)] for found in known]
        if index and chosen == [found[0] for found in known]:
            break
        asked = all(part.node.text("imagePullPolicy") in ("", "Always") for part in parts)
        more = " It is asked for at each start, as before." if asked else ""
        candidate = renamed(resource, parts, chosen, more)
        if candidate:
            yield candidate


@fixer(
    name="kubernetes-image-digest",
    weakness="container",
    rules={"checkov": ["CKV_K8S_43"]},
    explain="""A tag can be moved to another image, by its owner or by who takes the account over; a digest names one
image for good. It has to be renewed with each release: tools that raise versions do that (Renovate, Dependabot).

What a tag's digest is its registry says. Offered is what projects of several owners pin exactly that tag by.""",
    for_a_person=True,
)
def image_digest(target: Target) -> Iterator[Candidate]:
    """The digest by which projects pin exactly the image and tag; none is made up."""
    resource = Resource(target)
    parts = resource.containers(lambda node: "@" not in node.text("image"))
    chosen = []
    for part in parts:
        image = part.node.text("image")
        found = digests(target.tree, image)
        if not found:
            raise NoFix(_known_elsewhere("digest", image))
        chosen.append(found[0])
    candidate = renamed(resource, parts, chosen, "")
    if candidate:
        yield candidate


def _releases(tree: SourceTree, reference: str) -> list[Pin]:
    """What `latest` of an image was, or its newest known release: the wider name first."""
    image = split(reference)[0]
    tags, day = latest_tags(image)
    how = "`latest` of the official image {} was {} on {}: the same image, and it stays."
    official = zip(("release-line", "exact-release"), tags, strict=False)
    return [Pin(approach, tag, how.format(image, tag, day)) for approach, tag in official] or list(
        pinned.newest(tree, reference)
    )


def digests(tree: SourceTree, reference: str) -> list[Pin]:
    """The digest by which projects pin an image by its tag, or its newest release; none where none is known."""
    if not _moves(reference):
        found = pinned.by_digest(tree, reference)
        return [found] if found else []
    named = reference.removesuffix(":latest")
    releases = _releases(tree, reference)
    if (
        releases
        and "@" not in releases[-1].suffix
        and (found := pinned.by_digest(tree, f"{named}:{releases[-1].suffix}"))
    ):
        return [msgspec.structs.replace(found, how=f"{releases[-1].how} {found.how}")]
    return [pin for pin in releases if "@" in pin.suffix]


def renamed(resource: Resource, parts: list[Part], chosen: list[Pin], more: str) -> Candidate | None:
    """The containers' images under the chosen names; `more` is said of it, too."""
    edits, declares = [], []
    for part, pin in zip(parts, chosen, strict=True):
        image = part.node.text("image")
        name = image.removesuffix(":latest") if _moves(image) else image.rpartition(":")[0]
        wanted: dict[str, Value] = {"image": f"{name}:{pin.suffix}"}
        if _moves(image) and not part.node.text("imagePullPolicy"):
            # What Kubernetes does for `latest` unasked, and for other tags only when asked.
            wanted["imagePullPolicy"] = "Always"
        edits += resource.put(part, wanted)
        declares += resource.declare(part, *wanted)
    how = " ".join(dict.fromkeys(pin.how for pin in chosen))
    warnings = list(dict.fromkeys(warning for pin in chosen for warning in pin.warnings))
    # A pod of several images is called after what is known least well: somebody else's digest, then their release.
    named = sorted(chosen, key=lambda pin: ("@" not in pin.suffix, not pin.warnings))
    return resource.candidate(named[0].approach, edits, how + more, declares, warnings)


def _known_elsewhere(what: str, image: str) -> str:
    command = f"`docker buildx imagetools inspect {image}`" if image else "the registry"
    return f"the {what} of {image or 'the image'} is known to its registry alone: {command} names it; none is guessed"


def floating(node: Node) -> bool:
    """Whether a container's image has no tag, or `latest`, which moves."""
    return _moves(node.text("image"))


def _moves(image: str) -> bool:
    return "@" not in image and (image.endswith(":latest") or not re.search(r":[^/]+$", image))
