"""Images of services without a tag, or with `latest`."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.compose.service import Service
from workers.fixers.docker.images import latest_tags, split
from workers.fixers.registry import NoFix, Target, fixer
from workers.source import yamledit


@fixer(
    name="compose-image-tag",
    weakness="moving image tag",
    rules={"semgrep": ["compose-image-latest", "avoid-latest-image"], "kics": ["Image Version Not Explicit"]},
    explain="""`image: redis` means another release every few months, on each machine another one: the one that was
pulled last. A tag names a release line or one release. Only tags are offered that Docker's official image list gave
to `latest` on a known day.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """The release line, or the release, that `latest` of an official image meant."""
    service = Service(target)
    node = service.plain("image")
    reference = node.value if node is not None else ""
    image, tag = split(reference)
    tags, day = latest_tags(image)
    if node is None or not tags or tag not in {"", "latest"} or "@" in reference or "$" in reference:
        message = (
            f"no tag of {reference or service.name} is known here, and none is guessed: name the one that you tested"
        )
        raise NoFix(message)
    for approach, chosen in zip(("release-line", "exact-release"), tags, strict=False):
        value = f"{reference.removesuffix(':latest')}:{chosen}"
        edit = yamledit.replace(service.doc, service.node.key("image") or node, node, value)
        how = f"`latest` of the official image {image} was `{chosen}` on {day}: the same image, and it stays."
        yield service.candidate(approach, [edit], how, ["image"])
