"""Whether an action or workflow that is named by its repository is one of the tree itself.

A tree does not know its own name. Only where its files show it, a use of `owner/name/path` is taken for the file at
that path: another repository of the same people may well have a `.github/actions/setup` too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.source.called import Called
from workers.source.tree import SourceTree, has, text_of

_USE = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)/(?P<path>[^@\s\"']+)@(?P<ref>[^\s\"']+)")
_USES = re.compile(rf"^\s*(?:-\s+)?uses:\s*[\"']?{_USE.pattern}", re.MULTILINE)
_DEFINITIONS = ("action.yml", "action.yaml")
_MANIFESTS = ("package.json", "Cargo.toml", "pyproject.toml", "composer.json", "setup.py", "setup.cfg")
_OWN_NAME = {
    "go.mod": re.compile(r"^module\s+github\.com/([\w.-]+/[\w.-]+)", re.MULTILINE),
    "package.json": re.compile(
        r"\"repository\"\s*:\s*(?:\{[^}]*?\"url\"\s*:\s*)?\"(?:[^\"]*?github(?:\.com)?[/:])?([\w.-]+/[\w.-]+?)(?:\.git)?[\"#]"
    ),
    "Cargo.toml": re.compile(
        r"^repository\s*=\s*[\"'][^\"']*github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?[\"']", re.MULTILINE
    ),
}
"""Where the first group is the repository's own name; what else stands in a manifest may be a dependency."""
_GUARD = re.compile(r"github\.repository\s*==\s*'([\w.-]+/[\w.-]+)'", re.IGNORECASE)
_ENOUGH = 2
"""So many different paths that are used and are all here: by chance that does not happen."""


def own_path(uses: str, tree: SourceTree) -> str | None:
    """`owner/name/path@ref` → the path, where the tree holds it and shows that it is that repository.

    What was read of another repository is that at one commit, which a ref need not be.
    """
    match = _USE.fullmatch(uses.strip())
    if (
        match is None
        or isinstance(tree, Called)
        or not _holds(tree, match["path"])
        or not _is(tree, match["repository"])
    ):
        return None
    return match["path"]


def _holds(tree: SourceTree, path: str) -> bool:
    """Whether an action, or a workflow that can be called, lies there; what leaves the tree does not.

    A workflow that calls its namesake of another repository is none: it can only be started by an event.
    """
    if ".." in path.split("/"):
        return False
    if path.endswith((".yml", ".yaml")):
        return "workflow_call" in text_of(tree, path)
    return any(has(tree, f"{path.strip('/')}/{name}") for name in _DEFINITIONS)


def _is(tree: SourceTree, repository: str) -> bool:
    """A guard of its workflows names it, a manifest at its root does, or, where none names another one, all that is
    used of it lies here.
    """
    texts = list(_workflows(tree))
    named = {
        *(name for _, name in repositories(tree)),
        *(match[1].lower() for text in texts for match in _GUARD.finditer(text)),
    }
    if repository.lower() in named:
        return True
    url = re.compile(rf"github\.com[/:]{re.escape(repository)}(?![\w.-])(?!\.git[\w.-])|github\.com[/:]"
                     rf"{re.escape(repository)}\.git\b", re.IGNORECASE)  # fmt: skip
    if any(url.search(text_of(tree, name)) for name in _MANIFESTS):
        return True
    if named:
        return False
    used = {
        match["path"]
        for text in texts
        for match in _USES.finditer(text)
        if match["repository"].lower() == repository.lower()
    }
    return len(used) >= _ENOUGH and all(_holds(tree, path) for path in used)


def repositories(tree: SourceTree) -> Iterator[tuple[str, str]]:
    """What manifests call the repository itself, each with its path: a module's path, the address of a package."""
    for name, pattern in _OWN_NAME.items():
        yield from ((name, match[1].lower()) for match in pattern.finditer(text_of(tree, name)))


def _workflows(tree: SourceTree) -> Iterator[str]:
    for path in tree.paths():
        if path.startswith(".github/workflows/") or path.rpartition("/")[2] in _DEFINITIONS:
            yield text_of(tree, path)
