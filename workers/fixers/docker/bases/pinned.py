"""Releases and digests of images by which independent projects pin them, for images that no official list speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from workers.fixers.docker.bases.built_images import builder_of, documented_builder
from workers.fixers.docker.bases.published import names, plain
from workers.fixers.registry import NoFix
from workers.source import images
from workers.source.tree import SourceTree, text_of
from workers.source.whose import repositories

_BUILDS = re.compile(
    r"^\.github/workflows/.+\.ya?ml$|(?:^|/)(?:\.gitlab-ci\.yml|Jenkinsfile|[Mm]akefile|[Jj]ustfile|\.?goreleaser\.ya?ml"
    r"|azure-pipelines\.yml|cloudbuild\.ya?ml|skaffold\.ya?ml|docker-bake\.(?:hcl|json)|[\w.-]+\.sh)$"
)
_README = re.compile(r"readme[\w.-]*", re.IGNORECASE)
_RUNS = re.compile(
    r"\b(?:docker|podman|nerdctl)\b.*\b(?:run|pull|exec|inspect)\b|docker://|^\s*-?\s*(?:image|container):"
)
_MAX_BYTES = 256 * 1024


class Pin(msgspec.Struct, frozen=True):
    """How a reference can be pinned."""

    approach: str
    suffix: str
    """What follows the image's name, without its `:`."""
    how: str
    warnings: tuple[str, ...] = ()


def newest(tree: SourceTree, reference: str) -> Iterator[Pin]:
    """For `latest`, or no tag, of an image that is not official: the newest release that is known, and its digest.

    Raises:
        NoFix: the repository makes the image itself: which release its users get is for its makers to say.
    """
    image, tag = images.split(reference)
    release = images.newest(image) if tag in {"", "latest"} and not re.search(r"[@$]", reference) else None
    if release is None:
        return
    if where := _made_here(tree, image):
        message = f"{where} makes {image}, or tells its users to run it: its makers know which release that has to be"
        raise NoFix(message)
    warnings = (
        f"`latest` of {image} may be a later release by now, or a build that is no release: see which one you run",
        "where it keeps data, as a database does, a release that is older than the one that wrote them may not be able "
        "to read them, and a newer one may change them for good: take the one that you run, and save the data first",
    )
    how = (
        f"`{release.tag}` is the newest release of {image} that projects of {release.seen.owners} owners were seen to "
        f"pin, the last of them on {release.seen.day}; it becomes another one by a commit alone."
    )
    yield Pin("newest-known-release", release.tag, how, warnings)
    if release.pinned:
        how += " They agree on its digest too, and that nobody can move to another image."
        asked = _asked(f"{image}:{release.tag}", release)
        yield Pin("newest-known-digest", release.pinned, how, (*warnings, asked))


def by_digest(tree: SourceTree, reference: str) -> Pin | None:
    """For an image by tag: the digest by which projects pin exactly that tag; none of an image that is made here."""
    release = images.pinned(reference) if not re.search(r"[@$]", reference) else None
    if release is None or _made_here(tree, images.split(reference)[0]):
        return None
    how = (
        f"Projects of {release.seen.owners} owners pin `{release.tag}` of this image by the digest, the last of them "
        f"on {release.seen.day}: the tag stays, and nobody can move it to another image."
    )
    return Pin("known-digest", release.pinned, how, (_asked(reference, release),))


def _asked(reference: str, release: images.Release) -> str:
    """What the registry alone can say of a digest that others pin."""
    return (
        f"the tag may have been built anew since {release.seen.day}: `docker buildx imagetools inspect {reference}` "
        "names today's digest, which has to be that of the index of all processors where there is one; a bot renews it"
    )


def _made_here(tree: SourceTree, image: str) -> str | None:
    """The file that shows that the repository makes the image: it builds or pushes it, or has its name."""
    if found := builder_of(tree, image) or documented_builder(tree, image):
        return found
    # Without the registry: a project pushes to several.
    name = re.sub(r"^[\w-]+(?:\.[\w-]+)+(?::\d+)?/", "", image)
    owner, _, last = name.rpartition("/")
    if plain(last) in names(tree):
        return "the project, by its name,"
    for path, repository in repositories(tree):
        if owner.partition("/")[0] == repository.partition("/")[0]:
            return path
    called = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w/-])")
    for path in tree.paths():
        readme = bool(_README.fullmatch(path))
        if not readme and not _BUILDS.search(path):
            continue
        for line in text_of(tree, path)[:_MAX_BYTES].splitlines():
            if called.search(line.lower()) and bool(_RUNS.search(line)) == readme:
                return path
    return None
