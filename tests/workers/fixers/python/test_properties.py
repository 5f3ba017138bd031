"""What holds for every Python edit, whatever the file around it looks like."""

import ast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

HEADS = [
    "",
    '"""Docs: é."""\n',
    "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n",
    "from __future__ import annotations\n",
]
IMPORTS = ["", "import sys\n", "import os\nfrom pathlib import Path\n", "from os import path\n\nimport re\n"]
WEAKNESSES = [
    ("B113", "import requests\n", 'requests.get(url, headers={"ü": "é"})'),
    ("B113", "import requests as r\n", "r.post(\n    url,\n    data=f'{a}',  # body\n)"),
    ("B324", "import hashlib\n", "hashlib.md5(data)"),
    ("B506", "import yaml\n", "yaml.load(stream)"),
    ("B602", "import subprocess\n", 'subprocess.run(f"ls -l {name}", shell=True)'),
    ("B311", "import random\n", "random.choice('äöü')"),
    ("B501", "import requests\n", "requests.get(url, verify=False)"),
]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    head=st.sampled_from(HEADS),
    imports=st.sampled_from(IMPORTS),
    weakness=st.sampled_from(WEAKNESSES),
    before=st.sampled_from(["", "x = 'ß'; ", "value = "]),
    newline=st.sampled_from(["\n", "\r\n"]),
    bom=st.booleans(),
    indented=st.booleans(),
)
def test_an_edit_parses_keeps_line_endings_and_touches_only_its_statement_and_imports(
    head, imports, weakness, before, newline, bom, indented
):
    """Every other statement is the same syntax tree as before, and every line still ends as the file's do."""
    rule, needed, code = weakness
    body = f"{before}{code}\n"
    if indented:
        body = "def function():\n" + "".join(f"    {line}\n" for line in body.splitlines())
    source = f"{head}{imports}{needed}\nuntouched = {{1: 'a'}}\n{body}last = 1\n"
    content = (b"\xef\xbb\xbf" if bom and not head.startswith("#!") else b"") + source.replace("\n", newline).encode()
    at = source.index(code) if code in source else source.index("\n", source.index("def ")) + 1
    line = source[:at].count("\n") + 1
    finding = Finding(
        tool="bandit",
        rule=rule,
        message="",
        severity=Severity.LOW,
        locations=(Location(path="app.py", region=Region(start_line=line)),),
    )
    proposal = propose(Target(finding=finding, tree=MemoryTree({"app.py": content})))
    assert proposal.candidates, proposal.reason
    for candidate in proposal.candidates:
        patched = apply_edits(content, candidate.edits)
        assert patched.count(b"\n") == patched.count(newline.encode())
        assert patched.startswith(b"\xef\xbb\xbf") == content.startswith(b"\xef\xbb\xbf")
        assert _others(patched) == _others(content)


def _others(content: bytes) -> list[str]:
    """The file's own statements that neither import nor call anything."""
    statements = [each for each in ast.walk(ast.parse(content)) if isinstance(each, ast.stmt)]
    return [ast.dump(each) for each in statements if not isinstance(each, _IMPORTING) and not _calls(each)]


_IMPORTING = (ast.Import, ast.ImportFrom, ast.FunctionDef)


def _calls(statement: ast.stmt) -> bool:
    return any(isinstance(node, ast.Call) for node in ast.walk(statement))


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x = (", b"def f(:\n", b"\x00", b"(" * 5000, b""])
def test_a_file_that_is_not_python_gives_a_reason_and_no_candidate(content):
    """Hostile or broken input ends in a sentence, never in an exception."""
    finding = Finding(
        tool="bandit",
        rule="B113",
        message="",
        severity=Severity.LOW,
        locations=(Location(path="app.py", region=Region(start_line=1)),),
    )
    proposal = propose(Target(finding=finding, tree=MemoryTree({"app.py": content})))
    assert not proposal.candidates
    assert proposal.reason
    assert "failed on this file" not in proposal.reason
