"""Services that programs of the repository name as hosts: a short name is looked up in the program's own namespace."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from workers.fixers.kubernetes.manifests.objects import Object
from workers.source.tests import is_test
from workers.source.tree import SourceTree, outside_packages, text_of

_SOURCES = (
    ".properties", ".yml", ".yaml", ".java", ".kt", ".js", ".ts", ".mjs", ".py", ".go", ".rb", ".php", ".cs", ".env",
    ".conf", ".json", ".toml", ".xml", ".ini", ".cfg", ".tsx",
)  # fmt: skip
_NO_PROGRAM = re.compile(r"(?:^|/)\.[\w-]+/|compose[\w.-]*\.ya?ml$|(?:^|/)(?:docs?|examples?)/|lock\.(?:json|ya?ml)$")
_BEFORE = r"(?:://(?:[^\s/@\"']*@)?|\b(?:hosts?|hostname|servers?|address(?:es)?|url)[\"']?\s*[:=]\s*[\"']?)"


def called(tree: SourceTree, moved: Sequence[Object], stays: Iterable[Object], folders: Iterable[str]) -> str:
    """Why a Service cannot move alone: a program of the repository, which may stay, names it as its host.

    `folders`: those whose manifests say it themselves.
    """
    names = "|".join(sorted(re.escape(one.name) for one in moved if one.kind == "Service" and one.name))
    if not names or not any(one.root.get("spec", "template") or one.kind == "Pod" for one in stays):
        return ""
    host = re.compile(
        rf"(?:{_BEFORE}(?:{names})(?=[:/\"'\s,;?)]|$)|(?<![\w./-])(?:{names}):\d{{2,5}}\b)", re.IGNORECASE
    )
    apart = tuple(f"{folder}/" for folder in folders if folder)
    moving = {one.path for one in moved}
    for path in tree.paths():
        own = (
            path not in moving
            and path.endswith(_SOURCES)
            and not (path.startswith(apart) or is_test(path) or _NO_PROGRAM.search(outside_packages(path)))
        )
        if own and (found := host.search(text_of(tree, path))):
            said = found[0].strip()[:60]
            return f"{path} names `{said}`: a program that stays in the default namespace would not find it there"
    return ""


def looked_for(everything: Sequence[Object], moved: Sequence[Object]) -> dict[str, str]:
    """The namespaces in which manifests look for a Service among those that move, each with the manifest's path."""
    names = "|".join(sorted(re.escape(one.name) for one in moved if one.kind == "Service" and one.name))
    known = {one.name if one.kind == "Namespace" else one.namespace for one in everything} - {"", "default"}
    if not names or not known:
        return {}
    host = re.compile(rf"(?<![\w.-])(?:{names})\.({'|'.join(sorted(map(re.escape, known)))})(?=[:/\s\"',;]|\.svc\b|$)")
    return {
        found[1]: one.path
        for one in everything
        for _, node in one.root.walk()
        if node.kind == "scalar"
        for found in host.finditer(node.value)
    }
