"""Templates that something writes: the CDK from its code, and what packs a template's files up for a deployment.

A change of them is gone with the next run.
"""

from __future__ import annotations

import posixpath
import re

from workers.source.remembered import remembered
from workers.source.tree import SourceTree, text_of
from workers.source.yamldoc import Node

_SAYS = re.compile(
    r"(?:^|/)(?:[Mm]akefile|[Jj]ustfile|Jenkinsfile|[\w.-]+\.(?:sh|bash|mk|ps1|cmd|bat|ya?ml|json|toml|md|groovy))$"
)
_WRITES = re.compile(
    r"--output-template(?:-file)?(?:=|\s+)[\"']?([^\s\"'`;&|<>]+)|\boutput_template_file\s*=\s*\"([^\"]+)"
)
_PACKED = re.compile(r"s3://[\w.-]+/(?:[\w./-]+/)?[0-9a-f]{32}(?:\.\w+)?")
"""What `aws cloudformation package` and `sam package` write for a folder of the repository: its digest's name."""
_UNNAMED = ("template.yaml", "template.yml")
"""What SAM takes where nobody says which."""
_CDK = "aws:cdk:path"
_INTO_CODE = "a change belongs to the program that it is made from, and is lost here when that runs again"
_INTO_TEMPLATE = "a change belongs to the template that it is packed from, and is lost here with the next deployment"


def made_by(tree: SourceTree, path: str, root: Node) -> str:
    """What writes the template, and where a change of it belongs; empty where a person does."""
    for _, node in root.walk():
        if node.kind == "mapping" and node.child(_CDK) is not None:
            return f"the CDK writes it, as its metadata say: {_INTO_CODE}"
        if node.kind == "scalar" and _PACKED.fullmatch(node.value):
            return (
                f"`aws cloudformation package` or `sam package` writes it, as {node.value[:40]}… says: {_INTO_TEMPLATE}"
            )
    said = next((script for script, word in _written(tree) if _names(word, script, path)), "")
    return f"{said} has it written: {_INTO_TEMPLATE}" if said else ""


def packed_as(tree: SourceTree, path: str) -> set[str]:
    """The names of the files that scripts have the template packed up to."""
    name = posixpath.basename(path)
    return {
        posixpath.basename(word)
        for script, word in _written(tree)
        if name in _UNNAMED or re.search(rf"[\s/=\"']{re.escape(name)}(?![\w.-])", text_of(tree, script))
    }


@remembered
def _written(tree: SourceTree) -> list[tuple[str, str]]:
    """The files that the repository's scripts and notes have packed templates written to."""
    texts = ((path, text_of(tree, path)) for path in tree.paths() if _SAYS.search(path))
    return [
        (path, match[1] or match[2])
        for path, text in texts
        if "output-template" in text or "output_template" in text
        for match in _WRITES.finditer(text)
    ]


def _names(word: str, script: str, path: str) -> bool:
    """Whether a script means the file: from the root, or from its own folder."""
    beside = posixpath.join(posixpath.dirname(script), word)
    return path in (posixpath.normpath(word), posixpath.normpath(beside))
