"""Which tags of container images a repository's own scripts push."""

from __future__ import annotations

import re

from workers.source.tree import SourceTree, text_of

_PUSHES = re.compile(
    r"^(?=.*\b(?:docker|podman|buildah|nerdctl)\s+(?:image\s+)?(?:push|buildx\s+build\b.*--push)).*?(\S+):latest\b"
    r"|\b(?:docker|podman|nerdctl)\s+(?:image\s+)?push\s+(?!.*--all-tags)[^\n]*/[\w.${}-]+[\"']?[ \t]*$",
    re.MULTILINE,
)
"""By its name, or by none: what is pushed without a tag is `latest`."""
_BY_VARIABLE = re.compile(r"\b(?:docker|podman|nerdctl)\s+(?:image\s+)?push\s+[^\n]*\$\{?(\w+)")
_BY_ACTION = re.compile(r"\bdocker/build-push-action@")
_RUNS = re.compile(
    r"(?:\brepository_url\}?|\bdkr\.ecr\.[^\s\"'/:]+/[^\s\"':]+):"
    r"((?:[a-zA-Z]+[-_.])*(?:latest|main|master|dev|develop|development|staging|stage|prod|production|stable|edge|nightly)"
    r"(?:[-_.][a-zA-Z]+)*)(?=[\"'\s]|$)",
    re.MULTILINE,
)
"""What runs an image under a name without a number: the next image gets it, too."""
_SCRIPTS = (".yml", ".yaml", ".sh", ".mk", ".ps1", ".bat", ".tf", ".json", "Makefile", "Jenkinsfile")


def why_tags_move(tree: SourceTree, where: str) -> str:
    """What pushes or runs `latest`, which means another image each time, as a sentence; empty where nothing does.

    `where` is the file that makes the registry: scripts of the repository's other parts push to others.
    """
    part = where.partition("/")[0] if "/" in where else ""
    for path in tree.paths():
        near = not part or "/" not in path or path.startswith((f"{part}/", ".github/", ".circleci/"))
        text = text_of(tree, path) if near and path.endswith(_SCRIPTS) else ""
        if _moves(text):
            return f"{path} pushes `latest` anew each time, which an immutable tag refuses: push a tag of its own first"
        if found := _RUNS.search(text):
            return (
                f"{path} runs what was pushed last as `{found[1]}`, which an immutable tag lets be pushed but once: "
                "push a tag of its own first"
            )
    return ""


def _moves(text: str) -> bool:
    if _PUSHES.search(text) or (_BY_ACTION.search(text) and re.search(r":latest\b|\blatest=true", text)):
        return True
    names = {found[1] for found in _BY_VARIABLE.finditer(text)}
    return any(re.search(rf"\b{name}\s*=[^\n]*:latest\b", text) for name in names)
