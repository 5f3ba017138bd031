"""Which runner a job has, and what that reads a script with which names no shell."""

from __future__ import annotations

import itertools
import re

from workers.source import handed
from workers.source.tree import SourceTree
from workers.source.yamldoc import Node, YamlDoc

_ONLY_POSIX = re.compile(
    r"^[ \t]*(?:(?:el)?if[ \t]+[^(\s][^\n]*;[ \t]*then\b|(?:for|while|until)[ \t]+[^(\s][^\n]*;[ \t]*do\b"
    r"|(?:fi|done|esac)[ \t]*$)",
    re.MULTILINE,
)
"""What PowerShell cannot parse: a script with it never ran there."""


def hosted(doc: YamlDoc, job: Node) -> bool:
    """Whether a job runs on GitHub's own runners, as their labels say."""
    where = " ".join(_runner(doc, job))
    return re.search(r"\b(?:ubuntu|macos|windows)-", where) is not None and "self-hosted" not in where


def shell(doc: YamlDoc, job: Node, script: str, tree: SourceTree | None) -> str:
    """PowerShell on Windows; `pwsh-or-bash` where a matrix has both, or the label comes from where both are named."""
    where, matrix = _runner(doc, job)
    if "${{" not in where:
        return "pwsh" if re.search(r"\bwindows", where, re.IGNORECASE) else "bash"
    may = re.search(r"\bwindows-", "\n".join((where, matrix, *_elsewhere(doc, where + matrix, tree))), re.IGNORECASE)
    return "pwsh-or-bash" if may and not _ONLY_POSIX.search(script) else "bash"


def _runner(doc: YamlDoc, job: Node) -> tuple[str, str]:
    """The job's runner as it is written, and the matrix that it may come from."""
    runner, matrix = job.child("runs-on"), job.get("strategy", "matrix")
    where = doc.source(runner) if runner is not None else ""
    return where, doc.source(matrix) if matrix is not None and "${{" in where else ""


def _elsewhere(doc: YamlDoc, label: str, tree: SourceTree | None) -> list[str]:
    """The texts that a label is written in which an input, another job or JSON decides: the file, and its callers."""
    if not re.search(r"\b(?:inputs|needs)\.|\bfromJSON\b", label, re.IGNORECASE):
        return []
    names = re.findall(r"\binputs\.([\w-]+)", label)
    given = (handed.values(doc.path, name, tree) for name in names) if tree is not None else ()
    return [doc.content.decode("utf-8", "replace"), *itertools.chain.from_iterable(given)]
