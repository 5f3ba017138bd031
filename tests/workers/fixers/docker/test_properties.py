"""What holds for every edit of a Dockerfile, whatever the file around it looks like."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree
from workers.verify.structure import dockerfile

HEADS = ["", "# syntax=docker/dockerfile:1\n", "# é: a comment\n\n", "ARG V=1\n"]
BASES = [
    "FROM python:3.12\n",
    "FROM --platform=linux/amd64 node:22-alpine AS app\n",
    "FROM golang:1.22 AS b\nFROM debian:12\n",
]
OTHERS = ["", "ENV A='ü' \\\n    B=2\n", "RUN <<EOF\necho kept\nEOF\n", 'LABEL x="FROM nothing"\n']
WEAKNESSES = [
    ("hadolint", "DL3042", "RUN pip install flask==3.0 \\\n    # why\n    && true\n"),
    ("hadolint", "DL3009", "RUN apt-get update \\\n && apt-get install -y gcc=1\n"),
    ("hadolint", "DL3015", "RUN apt-get install -y gcc=1\n"),
    ("hadolint", "DL3020", "ADD a.txt /b/\n"),
    ("hadolint", "DL3025", "CMD tool --x 'ä b'\n"),
    ("hadolint", "DL3059", "RUN first\nRUN second\n"),
    ("hadolint", "DL4000", "MAINTAINER Ann é\n"),
    ("hadolint", "DL4006", "RUN curl -f https://a.example | tar -x\n"),
    ("checkov", "CKV_DOCKER_3", "EXPOSE 8080\n"),
    ("checkov", "CKV_DOCKER_2", "EXPOSE 8080\n"),
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    head=st.sampled_from(HEADS),
    base=st.sampled_from(BASES),
    before=st.sampled_from(OTHERS),
    weakness=st.sampled_from(WEAKNESSES),
    behind=st.sampled_from(OTHERS),
    newline=st.sampled_from(["\n", "\r\n"]),
    bom=st.booleans(),
    ended=st.booleans(),
)
def test_an_edit_parses_keeps_line_endings_and_every_other_instruction(
    head, base, before, weakness, behind, newline, bom, ended
):
    """Bytes outside of the edits stay, the ending stays, and nothing undeclared changes."""
    tool, rule, code = weakness
    text = head + base + before + code + behind
    text = text if ended else text.rstrip("\n")
    content = (b"\xef\xbb\xbf" if bom else b"") + text.replace("\n", newline).encode()
    line = (head + base + before + code).count("\n") if rule == "DL3059" else (head + base + before).count("\n") + 1
    proposal = propose(Target(finding=_finding(tool, rule, line), tree=MemoryTree({"Dockerfile": content})))
    assert "failed on this file" not in (proposal.reason or "")
    for candidate in proposal.candidates:
        patched = apply_edits(content, candidate.edits)
        assert patched.count(b"\n") == patched.count(newline.encode())
        assert patched.startswith(b"\xef\xbb\xbf") == bom
        assert patched.endswith(b"\n") == content.endswith(b"\n")
        old, new = dockerfile.instructions(content), dockerfile.instructions(patched)
        assert dockerfile.violations(old, new, candidate.declares) == []
        if before.startswith("RUN <<"):
            assert b"echo kept" in patched


def _finding(tool, rule, line):
    return Finding(
        tool=tool,
        rule=rule,
        message="",
        severity=Severity.LOW,
        locations=(Location(path="Dockerfile", region=Region(start_line=line)),),
    )


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"hello", b"", b"RUN <<EOF\nx", b"FROM a\nRUN (" + b"(" * 3000, b"FROM"]
)
@pytest.mark.parametrize("rule", [("hadolint", "DL3059"), ("checkov", "CKV_DOCKER_3"), ("hadolint", "DL3009")])
def test_a_file_that_is_no_dockerfile_gives_a_reason_or_a_sound_candidate(content, rule):
    """Hostile or broken input ends in a sentence, never in an exception."""
    proposal = propose(Target(finding=_finding(*rule, 1), tree=MemoryTree({"Dockerfile": content})))
    assert "failed on this file" not in (proposal.reason or "")
    assert proposal.candidates or proposal.reason
