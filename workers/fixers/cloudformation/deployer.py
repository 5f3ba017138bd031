"""The role by which CloudFormation deploys, where the repository makes it: what it may make, and what it may not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.source import yamldoc
from workers.source.tree import SourceTree, text_of
from workers.source.yamldoc import Node, YamlBroken

_SERVICE = "cloudformation.amazonaws.com"
_SUFFIXES = (".yaml", ".yml", ".template", ".json")
_MAKES = {
    "AWS::KMS::Key": re.compile(r"\bkms:(?:\*|Create)"),
    "AWS::IAM::Role": re.compile(r"\biam:(?:\*|Create)"),
    "AWS::IAM::Policy": re.compile(r"\biam:(?:\*|Put)"),
    "AWS::Logs::LogGroup": re.compile(r"\blogs:(?:\*|Create)"),
    "AWS::Logs::ResourcePolicy": re.compile(r"\blogs:(?:\*|Put)"),
}
_ANYTHING = re.compile(r"(?:Not)?Action[\"']?\s*:\s*(?:-\s*|\[\s*)?[\"']\*[\"']|NotAction|ManagedPolicyArn|PolicyArn")
"""All actions, or policies that stand elsewhere: what they let it do is not known here."""


def may_not_make(tree: SourceTree, kind: str) -> str:
    """The roles by which CloudFormation would not be let make a resource of that type, each with its file; empty where
    one may, or where the repository makes none.
    """
    needed = _MAKES.get(kind)
    roles = list(_roles(tree)) if needed is not None else []
    if not roles or any(needed is None or needed.search(text) or _ANYTHING.search(text) for _, text in roles):
        return ""
    return ", ".join(dict.fromkeys(name for name, _ in roles))


def _roles(tree: SourceTree) -> Iterator[tuple[str, str]]:
    for path in tree.paths():
        source = text_of(tree, path) if path.endswith(_SUFFIXES) else ""
        if _SERVICE not in source or "AWS::IAM::Role" not in source:
            continue
        try:
            doc = yamldoc.parse(tree.read(path), path)
        except YamlBroken:
            continue
        resources = doc.root.child("Resources")
        for key, node in resources.entries if resources is not None else ():
            if node.text("Type") == "AWS::IAM::Role" and _trusts(node):
                yield f"{key.value} of {path}", doc.slice(node.start, node.end)


def _trusts(role: Node) -> bool:
    trust = role.get("Properties", "AssumeRolePolicyDocument")
    return trust is not None and any(one.value == _SERVICE for _, one in trust.walk() if one.kind == "scalar")
