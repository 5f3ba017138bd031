"""A fix of code that brings the package which it imports: the list of packages gets that entry, and nothing else."""

from __future__ import annotations

import pytest

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.fix import Candidate, Edit
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree
from workers.verify.attempt import Task

CODE = b"import xml.dom.minidom\n\nprint(xml.dom.minidom.parse(path))\n"
LIST = b"flask==3.0\npytest==8.1\n"
DECLARES = ("statement:1", "import:defusedxml.minidom", "import:xml.dom.minidom/delete", "node:flagged")


def task(edits: list[Edit], *declares: str) -> Task:
    finding = Finding(
        tool="bandit",
        rule="B318",
        message="",
        severity=Severity.MEDIUM,
        locations=(Location(path="app.py", region=Region(start_line=3)),),
    )
    code = [
        Edit(path="app.py", start=at, end=at + len(old), text=new)
        for old, new in (
            ("xml.dom.minidom\n", "defusedxml.minidom\n"),
            ("xml.dom.minidom.parse", "defusedxml.minidom.parse"),
        )
        if (at := CODE.index(old.encode())) >= 0
    ]
    made = Candidate(
        approach="case",
        edits=(*code, *edits),
        explanation="It refuses entity tricks, and is installed with the others.",
        declares=(*DECLARES, *declares),
    )
    return Task(finding=finding, candidate=made, tree=MemoryTree({"app.py": CODE, "requirements.txt": LIST}))


def insert(text: str, start: int = 0, end: int | None = None) -> Edit:
    return Edit(path="requirements.txt", start=start, end=start if end is None else end, text=text)


def test_the_package_may_come_along(verify):
    [verdict] = verify(task([insert("defusedxml==0.7.1\n")], "dependency:defusedxml"))
    assert verdict.verified, verdict.reason
    assert "declared dependencies" in verdict.evidence["compared_by"]


@pytest.mark.parametrize(
    ("edits", "declares"),
    [
        ([insert("defusedxml==0.7.1\n")], ()),
        ([insert("defusedxml==0.7.1\nevil==1.0\n")], ("dependency:defusedxml",)),
        ([insert("defusedxml==0.7.1\n", 0, len("flask==3.0\n"))], ("dependency:defusedxml",)),
        ([insert("defusedxml==0.7.1\n"), insert("2.9", len("flask=="), len("flask==3.0"))], ("dependency:defusedxml",)),
    ],
    ids=["not declared", "another along", "one instead", "another lowered"],
)
def test_nothing_else_may_change_with_it(verify, edits, declares):
    [verdict] = verify(task(edits, *declares))
    assert not verdict.verified
    assert (verdict.reason or "").startswith("L3 preserved")


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("requirements.txt", "attrs\nflask==3.0\n"),
        ("pyproject.toml", '[project]\nname = "a"\ndependencies = [\n    "attrs",\n    "six==1",\n]\n'),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.9"\nattrs = "^2"\n'),
        (
            "setup.py",
            "from setuptools import setup\n\nsetup(\n  install_requires=[\n    'attrs',\n    'six'\n  ],\n)\n",
        ),
        ("setup.cfg", "[options]\ninstall_requires =\n    attrs\n    six\n"),
    ],
)
def test_what_is_written_into_each_kind_of_list_is_verified(verify, path, content):
    tree = MemoryTree({"app.py": CODE, path: content.encode()})
    finding = task([]).finding
    made = propose(Target(finding=finding, tree=tree)).candidates
    assert made
    for one, verdict in zip(
        made, verify(*(Task(finding=finding, candidate=one, tree=tree) for one in made)), strict=True
    ):
        assert path in one.paths
        assert verdict.verified, verdict.reason
