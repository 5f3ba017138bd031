"""Container images that are taken as they are today."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from daemon.domain.fix import Candidate
from daemon.errors import SourceUnavailable
from workers.fixers.docker.bases import pinned
from workers.fixers.docker.bases.pinned import Pin
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.fixers.workflows import model
from workers.fixers.workflows.model import Workflow
from workers.source import yamledit
from workers.source.images import latest_tags, split
from workers.source.tree import SourceTree
from workers.source.yamldoc import Node, Path, dotted

_LOOKED_AT = 400
_IMAGE = re.compile(r"(?:docker://)?(?P<name>[\w.-]+(?::\d+)?(?:/[\w.-]+)*)(?::(?P<tag>[\w.-]+))?")


@fixer(
    name="unpinned-images",
    weakness="A container image can be another one tomorrow",
    rules={"zizmor": ["unpinned-images"]},
    explain=(
        "A tag is a name that whoever owns the image, or takes over the account, can give to another one, which then "
        "runs with the job's secrets. A digest cannot be moved. Which digest a tag has today only its registry knows: "
        "it is taken from where the repository itself, or projects of several owners, pin the same image, and never "
        "guessed. Where no digest is known, the tag that `latest` went by at least keeps the release: only the image's "
        "owner can move it, and it is not meant to move to another one. Approaches: the digest that another file of "
        "the repository, or other projects, use; the release line, or the release, that `latest` of an official image "
        "was on a known day; the newest known release of another image, and its digest."
    ),
)
def propose(target: Target) -> Iterator[Candidate]:
    """An image by tag → the same by the digest that the repository knows."""
    workflow = model.read(target)
    path, node = _flagged(target, workflow)
    if path[-2:] == ("runs", "image") and "://" not in node.value:
        message = f"`{node.value}` is a file of this repository, from which the action's image is built: it is no image"
        raise Harmless(message)
    match = _IMAGE.fullmatch(node.value)
    if match is None:
        message = "the image is named by an expression: what it becomes has to be pinned where it is set"
        raise NoFix(message)
    own = list(_by_digest(target.tree, match["name"], match["tag"]))
    known = [*own, *_by_tag(match["name"], match["tag"]), *_by_others(target.tree, match[0], own=bool(own))]
    if not known:
        message = f"which digest {match['name']}:{match['tag'] or 'latest'} has, only its registry knows"
        raise NoFix(message)
    prefix = "docker://" if node.value.startswith("docker://") else ""
    source = workflow.doc.source(node)
    for pin in known:
        text = source.replace(node.value, f"{prefix}{match['name']}{pin.suffix}")
        edit = yamledit.edit(workflow.doc, node.start, node.end, text)
        yield model.candidate(pin.approach, [edit], pin.how, declares=[dotted(path)], warnings=pin.warnings)


def _by_digest(tree: SourceTree, name: str, tag: str | None) -> Iterator[Pin]:
    found = _digest(tree, name, tag)
    if found is not None:
        where, named, digest = found
        why = f"{where} of this repository uses the image by this digest."
        yield Pin("known-digest", f"{f':{named}' if named else ''}@{digest}", why)


def _by_others(tree: SourceTree, written: str, *, own: bool) -> Iterator[Pin]:
    """What projects of several owners pin the image by, where this one does not."""
    reference = written.removeprefix("docker://")
    by_digest = None if own else pinned.by_digest(tree, reference)
    for pin in (by_digest,) if by_digest else () if own else pinned.newest(tree, reference):
        yield msgspec.structs.replace(pin, suffix=f":{pin.suffix}")


def _by_tag(name: str, tag: str | None) -> Iterator[Pin]:
    """What `latest` was; the images of one processor have the tags of the official image that they are built with."""
    image = split(name)[0]
    tags, day = latest_tags(image) if (tag or "latest") == "latest" else ([], "")
    for approach, chosen in zip(("release-line", "exact-release"), tags, strict=False):
        how = f"`latest` of the official image {image} was `{chosen}` on {day}: a next release comes by a commit alone."
        yield Pin(approach, f":{chosen}", how)


def _flagged(target: Target, workflow: Workflow) -> tuple[Path, Node]:
    line, last = model.lines(target)
    for path, node in workflow.root.walk():
        named = path[-1:] in (("image",), ("container",)) or node.value.startswith("docker://")
        if node.kind == "scalar" and named and line <= workflow.doc.line_of(node.start) <= last:
            return path, node
    message = "the finding points to no image that is written here"
    raise NoFix(message)


def _digest(tree: SourceTree, name: str, tag: str | None) -> tuple[str, str, str] | None:
    pattern = re.compile(rf"(?<![\w./-]){re.escape(name)}(?::(?P<tag>[\w.-]+))?@(?P<digest>sha256:[0-9a-f]{{64}})")
    looked = 0
    for path in tree.paths():
        if not path.endswith((".yml", ".yaml")) and "dockerfile" not in path.lower():
            continue
        looked += 1
        if looked > _LOOKED_AT:
            return None
        try:
            text = tree.read(path).decode("utf-8", "replace")
        except SourceUnavailable:
            continue
        for match in pattern.finditer(text):
            if (tag or "latest") == (match["tag"] or "latest"):
                return path, match["tag"] or "", match["digest"]
    return None
