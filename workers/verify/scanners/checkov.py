"""Checkov: infrastructure as code, in one warm process: a start takes 2–8 s, a file in a warm process a hundredth.

Checkov says 0 failed and 0 parsing errors about input it could not read. A file counts as read only where at least
one check passed or failed on it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import msgspec

from workers.verify import warm
from workers.verify.kinds import is_cloudformation, is_dockerfile, is_kubernetes, is_openapi, is_workflow, suffix
from workers.verify.scanner import Output, Run, scanner


def _by_path(test: Callable[[str], bool]) -> Callable[[str, bytes], bool]:
    return lambda path, _content: test(path)


_FRAMEWORKS = {
    "dockerfile": _by_path(is_dockerfile),
    "github_actions": _by_path(is_workflow),
    "kubernetes": is_kubernetes,
    "terraform": _by_path(lambda path: suffix(path) == ".tf"),
    "cloudformation": is_cloudformation,
    "openapi": is_openapi,
}


# Its graph of Kubernetes objects and Terraform resources grows with the square of them: 183 files of 2.7 MB in all
# took 7 GB.
_START_BYTES = 512 * 2**10


_CONNECTED = re.compile(r"polic|role|rbac|binding|account", re.IGNORECASE)
"""Names of manifests that Checkov's checks of whole graphs connect with others."""


_POLICY = re.compile(rb"^\s*kind:\s*[\"']?NetworkPolicy\b", re.MULTILINE)


class _Answer(msgspec.Struct):
    report: msgspec.Raw
    read: list[str]
    errors: list[str]


def applies(path: str, content: bytes) -> bool:
    """What one of its frameworks is about."""
    return any(about(path, content) for about in _FRAMEWORKS.values())


def siblings(path: str, other: str) -> bool:
    """A Terraform module is all `.tf` files of one folder; policies and roles beside a manifest hold for it."""
    if suffix(path) in {".yaml", ".yml"} and suffix(other) in {".yaml", ".yml"}:
        return bool(_CONNECTED.search(other.rpartition("/")[2]))
    return suffix(path) == ".tf" and suffix(other) in {".tf", ".tfvars"}


@scanner(name="checkov", requirement="checkov==3.3.30", applies=applies, siblings=siblings, start_bytes=_START_BYTES)
def scan(run: Run) -> Output:
    """Questions to the warm child, one for each root, with the frameworks that these files need."""
    contents = {path: (run.root / path).read_bytes() for path in run.paths}
    frameworks = [
        name for name, about in _FRAMEWORKS.items() if any(about(path, content) for path, content in contents.items())
    ]
    alone = _alone(run) if "kubernetes" in frameworks else []
    child = warm.child(run.tool.executable, "checkov_child.py")
    answers = [
        child.ask({"root": str(root), "frameworks": frameworks}, timeout=run.timeout, type=_Answer)
        for root in (run.root, *alone)
    ]
    return Output(
        reports=[(bytes(answer.report), "checkov.json") for answer in answers],
        read=frozenset(path for answer in answers for path in answer.read),
        errors=[error for answer in answers for error in answer.errors],
    )


def _alone(run: Run) -> list[Path]:
    """Roots of their own for the variants that hold a policy: Checkov would take it for the pods of all others too."""
    roots = []
    for number, folder in enumerate(sorted({path.partition("/")[0] for path in run.paths})):
        files = [file for file in (run.root / folder).rglob("*.y*ml") if file.is_file()]
        if any(_POLICY.search(file.read_bytes()) for file in files):
            root = run.root.parent / f"alone{number}"
            root.mkdir()
            (run.root / folder).rename(root / folder)
            roots.append(root)
    return roots
