"""Base images without a tag, or with `latest`."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.docker.bases import pinned
from workers.fixers.docker.bases.images import base_named
from workers.fixers.docker.bases.own_base import builder_in_folder, plain
from workers.fixers.docker.bases.pinned import Pin
from workers.fixers.docker.build import at_least_one, base_image, candidate, flagged, pairs, trivy
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.dockerfile import Dockerfile, Instruction
from workers.source.images import latest_tags, split
from workers.source.tree import SourceTree, text_of

_FILES = re.compile(
    r"(?:^|/)(?:[\w.-]*(?:Docker|Container)file[\w.-]*|(?:docker-)?compose[\w.-]*\.ya?ml)$", re.IGNORECASE
)
_REFERENCE = re.compile(
    r"^\s*(?:FROM\s+(?:--\S+\s+)?|image:\s*['\"]?)([\w./-]+):([\w][\w.-]*)", re.MULTILINE | re.IGNORECASE
)
_MOVING = frozenset(("latest", "stable", "edge", "nightly", "master", "main", "dev", "current", "rolling"))
_PLAIN = re.compile(r"v?\d+(?:[._]\d+)*(?:-(?:bookworm|bullseye|buster|trixie|jammy|noble|focal))?")
"""A release, of the distribution that `latest` is of: what else is in a tag names another variant."""
_ASIDE = re.compile(r"(?:.*?/)??(?:examples?|samples?|demos?|docs?|tests?|e2e|fixtures?)/", re.IGNORECASE)
_CODE_NAMES = frozenset(("debian", "ubuntu"))
_DECLARED: dict[str, tuple[tuple[str, str], ...]] = {
    "node": ((".nvmrc", r"^v?(\d+(?:\.\d+){0,2})$"), (".node-version", r"^v?(\d+(?:\.\d+){0,2})$")),
    "python": ((".python-version", r"^(3\.\d+(?:\.\d+)?)$"),),
    "ruby": ((".ruby-version", r"^(?:ruby-)?(\d+\.\d+(?:\.\d+)?)$"),),
    # Up to 1.20 the line was advice: programs used what later releases brought.
    "golang": (("go.mod", r"^go (1\.(?:2[1-9]|[3-9]\d))(?:\.\d+)?$"),),
    "rust": (
        ("rust-toolchain", r"^(1\.\d+(?:\.\d+)?)$"),
        ("rust-toolchain.toml", r"^channel\s*=\s*\"(1\.\d+(?:\.\d+)?)\""),
    ),
}  # fmt: skip
_MAX_FILES = 400
_NEAR = 0.75
"""How far a release may be behind, by its number: Node.js 20 behind 26, Python 3.11 behind 3.14."""


@fixer(
    name="docker-image-tag",
    weakness="moving image tag",
    rules={
        "checkov": ["CKV_DOCKER_7"],
        "hadolint": ["DL3006", "DL3007"],
        "trivy": trivy(1),
        "semgrep": ["avoid-latest-version", "dockerfile-source-not-pinned"],
    },
    explain="""`FROM node` and `FROM node:latest` mean another image every few weeks: a build that passed yesterday
fails today, and nobody can say what an image of last month was made from (CWE-1104). A tag names a release line or
one release; a digest (`@sha256:…`) names the bytes.

A line (`3.14`) still takes in patches at every rebuild; an exact release (`3.14.7`) changes only by a commit, so let a
bot bump it. Only tags that are known to exist are offered: those that another file of this repository uses or
declares, those that Docker's official image list gave to `latest` on a known day, and, of other images, the newest
release that independent projects pin, with their digest where they agree on one.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """The tag that the repository uses elsewhere or declares; what `latest` meant; the newest release that is known."""
    file, origin = flagged(target, "FROM")
    image, tag = _split(file, origin)
    if "$" in origin.text and _defaulted(file, origin):
        message = (
            f"{file.path}:{origin.line} starts from {base_image(file, file.stages[origin.stage])} where no build "
            "argument says otherwise: a tag is named, and whoever passes the argument names another"
        )
        raise Harmless(message)
    if "$" in image and (own := _own(target.tree, file, origin)):
        message = (
            f"{file.path}:{origin.line} takes its image from {origin.text.split()[0]}, which {own} of this repository "
            "builds: the build that makes both passes the one that it made"
        )
        raise Harmless(message)
    if "$" in image:
        message = f"{file.path}:{origin.line} takes its image from {origin.text.split()[0]}: whoever builds it pins it"
        raise NoFix(message)
    if "@" in origin.text.split()[0] or tag not in {"", "latest"}:
        message = f"{file.path}:{origin.line} is pinned already"
        raise NoFix(message)
    others = [one for one in file.instructions if one.keyword == "FROM" and one is not origin and _moves(file, one)]
    tags = {one.start: _tags(target.tree, file, one) for one in [origin, *others]}
    if not tags[origin.start]:
        # Says so where the repository makes the image itself.
        list(pinned.newest(target.tree, image))
    reason = f"no tag of {image} is known here, and none is guessed: name the one that you tested"
    yield from at_least_one(_candidates(file, origin, others, tags), reason)


Known = dict[str, Pin]
"""By approach."""


def _candidates(
    file: Dockerfile, origin: Instruction, others: list[Instruction], tags: dict[int, Known]
) -> Iterator[Candidate]:
    done = set()
    for approach, pin in tags[origin.start].items():
        if pin.suffix not in done:
            done.add(pin.suffix)
            chosen = [(origin, pin), *((one, known) for one in others if (known := _chosen(tags[one.start], approach)))]
            edits = [_tagged(file, one, known.suffix) for one, known in chosen]
            more = " The other images of the file that move are tagged in the same way." if len(edits) > 1 else ""
            warnings = dict.fromkeys(warning for _, known in chosen for warning in known.warnings)
            yield candidate(approach, edits, pin.how + more, ["FROM"], list(warnings))


def _own(tree: SourceTree, file: Dockerfile, origin: Instruction) -> str | None:
    """The Dockerfile of the repository that builds what a build argument names; none where that is somebody else's.

    A registry or a namespace that the build fills in is the project's own.
    """
    variable = re.fullmatch(r"\$\{?(\w+)\}?", origin.text.split()[0])
    defaults = {name: value for one in file.instructions if one.keyword == "ARG" for name, value in pairs(one).items()}
    written = defaults.get(variable[1], "") if variable else ""
    name = split(base_image(file, file.stages[origin.stage]))[0].rpartition("/")[2]
    if not re.match(r"[\"']?\$[^:]*/", written):
        return None
    builder = builder_in_folder(tree, plain(name))
    return builder.path if builder and builder.path != file.path else None


def _split(file: Dockerfile, one: Instruction) -> tuple[str, str]:
    """The image and its tag; a registry that a build argument with a default puts in front is read through."""
    written = one.text.split()[0]
    front = re.match(r"(?:\$\{\w+\}/?|\$\w+/)(?=[\w./:-]+$)", written)
    return split(base_image(file, file.stages[one.stage]) if front else written)


def _defaulted(file: Dockerfile, one: Instruction) -> bool:
    """Whether the build arguments of the image have defaults that name a tag or a digest."""
    default = base_image(file, file.stages[one.stage])
    image, tag = split(default)
    pinned = "@sha256:" in default or (tag and not re.match(r"latest|\$", tag))
    return bool(pinned) and "$" not in image


def _chosen(known: Known, approach: str) -> Pin | None:
    """That of the same approach, else the first that is known."""
    return known.get(approach) or next(iter(known.values()), None)


def _moves(file: Dockerfile, one: Instruction) -> bool:
    image, tag = _split(file, one)
    names = {(stage.name or "").lower() for stage in file.stages[: one.stage]}
    return tag in {"", "latest"} and image not in names | {"scratch"} and "@" not in one.text and "$" not in image


def _tags(tree: SourceTree, file: Dockerfile, one: Instruction) -> Known:
    image, _ = _split(file, one)
    named = (*_of_repository(tree, image, file.path), *_official(image))
    found = [Pin(approach, tag, how) for approach, tag, how in named]
    with contextlib.suppress(NoFix):
        found += pinned.newest(tree, image)
    return {pin.approach: pin for pin in found}


def _tagged(file: Dockerfile, origin: Instruction, tag: str) -> Edit:
    reference = origin.text.split()[0]
    name = re.sub(r":latest$", "", reference)
    return file.edit(origin.body, origin.body + len(reference.encode()), f"{name}:{tag}")


def _official(image: str) -> Iterator[tuple[str, str, str]]:
    tags, day = latest_tags(image)
    for approach, tag in zip(("release-line", "exact-release"), tags, strict=False):
        what = "release line, which still takes in its patches" if approach == "release-line" else "release"
        yield approach, tag, f"`latest` of the official image {image} was `{tag}` on {day}: the same {what}."


def _of_repository(tree: SourceTree, image: str, path: str) -> Iterator[tuple[str, str, str]]:
    names = [name for name in tree.paths() if name != path]
    used: dict[str, str] = {}
    for name in [name for name in names if _FILES.search(name) and not _aside(name, path)][:_MAX_FILES]:
        for match in _REFERENCE.finditer(text_of(tree, name)):
            if split(match[1])[0] == image and _same_variant(match[1], match[2]):
                used.setdefault(match[2], name)
    if len(used) == 1 and not _behind(next(iter(used)), latest_tags(image)[0]):
        [(tag, where)] = used.items()
        yield "tag-of-repository", tag, f"{where} of this repository uses {image}:{tag}: one version for both."
    folder = path.rpartition("/")[0]
    for name, pattern in _DECLARED.get(image, ()):
        for place in dict.fromkeys((f"{folder}/{name}" if folder else name, name)):
            if place in names and (found := re.search(pattern, text_of(tree, place).strip(), re.MULTILINE)):
                yield "declared-version", found[1], f"{place} declares {found[1]} as the version of this project."
                return


def _aside(name: str, path: str) -> bool:
    """Whether a file lies in an example, a document or a test that the other is no part of: its images are its own."""
    found = _ASIDE.match(name)
    return found is not None and not path.startswith(found[0])


def _behind(tag: str, latest: list[str]) -> bool:
    """Whether a release is far older than what the image is today: what builds on that may build no more on this."""
    old, new = ([int(part) for part in re.findall(r"\d+", one)[:2]] for one in (tag, latest[0] if latest else ""))
    different = next(((one, other) for one, other in zip(old, new, strict=False) if one != other), (1, 1))
    return different[0] < _NEAR * different[1]


def _same_variant(reference: str, tag: str) -> bool:
    """Whether a tag names a release of what `latest` is: the same distribution, and not one with less in it."""
    release = re.match(r"v?\d", tag) or split(reference)[0] in _CODE_NAMES
    same = base_named(f"{reference}:{tag}").family == base_named(reference).family
    plain = split(reference)[0] in _CODE_NAMES or _PLAIN.fullmatch(tag)
    return bool(release) and bool(plain) and same and tag not in _MOVING
