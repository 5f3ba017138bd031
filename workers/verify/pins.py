"""Commits that a fix pins an action to: each must be known to be that action's. An invented one satisfies any scanner.

Known are those of secaid's lock and of the user's, and those that the repository itself pins the same action to.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from daemon.errors import SourceUnavailable
from workers.source import actions_lock, pinned
from workers.source.images import exactly, is_digest
from workers.source.tree import SourceTree

_DIGEST = re.compile(r"@(?P<digest>sha256:[0-9a-f]{64})\b")
_REFERENCE = re.compile(r"[\w.:/${}-]+\Z")
_LONGEST = 256
"""Characters of an image's name that are looked at."""
_Image = tuple[str, str, str]
"""Its name, its tag, its digest."""
_MANIFESTS = re.compile(r"(?:Docker|Container)file|\.ya?ml$|\.tf$|\.json$|\.lock$", re.IGNORECASE)
_COMMIT = re.compile(r"[0-9a-f]{40}", re.IGNORECASE)
_NAMED = re.compile(r"uses:\s*[\"']?(?P<name>[\w.-]+/[\w.-]+)(?:/[^@\s\"']*)?@(?P<ref>[\w./-]+)")


def unknown(before: bytes, after: bytes, tree: SourceTree) -> list[str]:
    """Pins that only the patched file has, of commits that nothing here shows to be the action's; as sentences."""
    fresh = _fresh(before, after)
    doubtful = {(name, commit) for name, commit in fresh if commit not in _commits(name)}
    if doubtful:
        doubtful -= set(_of_tree(tree, before))
    return [
        *(f"nothing here shows that commit {commit[:12]} is one of {name}" for name, commit in sorted(doubtful)),
        *_other_releases(before, after),
    ]


def _fresh(before: bytes, after: bytes) -> set[tuple[str, str]]:
    """What the patched file pins more often: that another step of it has the pin already proves nothing of this one."""
    return set(Counter(_pins(after)) - Counter(_pins(before)))


def unknown_digests(before: bytes, after: bytes, tree: SourceTree) -> list[str]:
    """Image digests that only the patched file has, and that stand nowhere else here; as sentences."""
    new = set(_images(_text(after))) - set(_images(_text(before)))
    fresh = {image for image in new if not is_digest(*image)}
    for path in tree.paths() if fresh else ():
        if _MANIFESTS.search(path):
            try:
                content = _text(tree.read(path))
            except SourceUnavailable:
                continue
            fresh = {image for image in fresh if not _shown(image, content)}
    return [
        f"nothing here shows an image {name.rpartition('/')[2]} with the digest {digest[:19]}"
        for name, _, digest in sorted(fresh)
    ]


def _images(text: str) -> Iterator[_Image]:
    for match in _DIGEST.finditer(text):
        named = _REFERENCE.search(text[max(0, match.start() - _LONGEST) : match.start()])
        if named is not None:
            yield (*exactly(named[0].removeprefix("docker://")), match["digest"])


def _shown(image: _Image, content: str) -> bool:
    """Whether a file pins the same image, of the same tag where both say one, or lists the digest without a name."""
    name, tag, digest = image
    if digest not in content:
        return False
    known = [(other.rpartition("/")[2], its) for other, its, one in _images(content) if one == digest]
    return not known or any(
        other == name.rpartition("/")[2] and (not tag or not its or tag == its) for other, its in known
    )


def _other_releases(before: bytes, after: bytes) -> Iterator[str]:
    """Actions that were named by a tag or branch, and are now pinned to a commit of another one."""
    named = {(match["name"].lower(), match["ref"]) for match in _NAMED.finditer(_text(before))}
    for name, commit in sorted(_fresh(before, after)):
        refs = {ref for other, ref in named if other == name}
        allowed = [commits for ref in refs if (commits := _line(name, ref))]
        if (
            refs
            and len(allowed) == len(refs)
            and commit in _commits(name)
            and not any(commit in commits for commits in allowed)
        ):
            yield f"commit {commit[:12]} is of another release of {name} than {' or '.join(sorted(refs))}"


def _line(name: str, ref: str) -> frozenset[str]:
    """The commits that a ref may mean: of the branch, or of the releases that the tag or branch is or begins."""
    action = actions_lock.known(name)
    if action is None:
        return frozenset()
    # The branch `release/v1` goes where the releases of the line go.
    line = ref.removeprefix("release/")
    tags = {tag: commit for tag, commit in action.releases.items() if tag == line or tag.startswith(f"{line}.")}
    return frozenset((*tags.values(), *(commit for branch, commit in action.branches.items() if branch == ref)))


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def _pins(content: bytes) -> Iterator[tuple[str, str]]:
    return ((pin.repository, pin.commit) for pin in pinned.pins(content))


def _of_tree(tree: SourceTree, before: bytes) -> Iterator[tuple[str, str]]:
    """Pins of the repository, where their comment names what the file used until now."""
    named: dict[str, set[str]] = {}
    for match in _NAMED.finditer(_text(before)):
        if not _COMMIT.fullmatch(match["ref"]):
            named.setdefault(match["name"].lower(), set()).add(match["ref"])
    for pin in pinned.of_tree(tree):
        refs = named.get(pin.repository)
        if not refs or any(pinned.stands_for(pin.version, ref) for ref in refs):
            yield pin.repository, pin.commit


def _commits(name: str) -> frozenset[str]:
    """All that are known of an action."""
    action = actions_lock.known(name)
    return frozenset((*action.releases.values(), *action.branches.values())) if action is not None else frozenset()
