"""Images of services without a tag, or with `latest`."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.compose.service import Service
from workers.fixers.docker.bases import pinned
from workers.fixers.docker.bases.pinned import Pin
from workers.fixers.registry import NoFix, Target, fixer
from workers.source import yamledit
from workers.source.images import latest_tags, split


@fixer(
    name="compose-image-tag",
    weakness="moving image tag",
    rules={"semgrep": ["compose-image-latest", "avoid-latest-image"], "kics": ["Image Version Not Explicit"]},
    explain="""`image: redis` means another release every few months, on each machine another one: the one that was
pulled last. A tag names a release line or one release. Only tags are offered that Docker's official image list gave
to `latest` on a known day, and, of other images, the newest release that independent projects pin.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """The release line, or the release, that `latest` of an official image meant; of others the newest known one."""
    service = Service(target)
    node = service.plain("image")
    reference = node.value if node is not None else ""
    image, tag = split(reference)
    tags, day = latest_tags(image)
    if service.node.child("build") is not None:
        message = f"the service builds {reference or service.name}: the tag is the name that the build gives its image"
        raise NoFix(message)
    others = list(pinned.newest(target.tree, reference))
    if node is None or not (tags or others) or tag not in {"", "latest"} or "@" in reference or "$" in reference:
        message = (
            f"no tag of {reference or service.name} is known here, and none is guessed: name the one that you tested"
        )
        raise NoFix(message)
    how = "`latest` of the official image {} was `{}` on {}: the same image, and it stays."
    official = zip(("release-line", "exact-release"), tags, strict=False)
    for pin in (*(Pin(approach, chosen, how.format(image, chosen, day)) for approach, chosen in official), *others):
        value = f"{reference.removesuffix(':latest')}:{pin.suffix}"
        edit = yamledit.replace(service.doc, service.node.key("image") or node, node, value)
        yield service.candidate(pin.approach, [edit], pin.how, ["image"], pin.warnings)
