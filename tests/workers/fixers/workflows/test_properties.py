"""What holds for every edit of a workflow, whatever the file around it looks like."""

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

PATH = ".github/workflows/ci.yml"
WEAKNESSES = [
    ("excessive-permissions", "on:", {"permissions"}),
    ("artipacked", "uses: actions/checkout", {"with"}),
    ("self-repository", "uses: ./local", {"uses"}),
    ("template-injection", "run: echo", {"run", "env"}),
    ("unpinned-uses", "uses: actions/checkout", {"uses"}),
]


def _workflow(indent: int, *, quoted: bool, comment: str, flow: bool, blank: bool) -> str:
    pad = " " * indent
    gap = "\n" if blank else ""
    trigger = "{push: {branches: [main]}}" if flow else f"\n{pad}push:\n{pad * 2}branches: ['main', \"é\"]"
    uses = '"./local"' if quoted else "./local"
    return (
        f"# ünïcode {comment}\nname: CI\n{gap}on: {trigger}\n{gap}jobs:\n{pad}build: # {comment}\n"
        f"{pad * 2}runs-on: ubuntu-latest\n{pad * 2}steps:\n"
        f"{pad * 3}- uses: actions/checkout@v4 # {comment}\n{pad * 3}- uses: {uses}\n"
        f'{pad * 3}- run: echo "${{{{ github.head_ref }}}}" # {comment}\n{pad * 3}# {comment}\n'
        f"{pad * 3}- name: &anchor 'keep:  me'\n{pad * 3}  run: |\n{pad * 3}    é\n\n{pad * 3}    last\n"
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    weakness=st.sampled_from(WEAKNESSES),
    indent=st.sampled_from([2, 3, 4]),
    quoted=st.booleans(),
    comment=st.sampled_from(["why", "ß: {", "- x: 'y"]),
    flow=st.booleans(),
    blank=st.booleans(),
    newline=st.sampled_from(["\n", "\r\n"]),
    bom=st.booleans(),
    ended=st.booleans(),
)
def test_an_edit_parses_and_keeps_every_byte_that_it_does_not_declare(
    weakness, indent, quoted, comment, flow, blank, newline, bom, ended
):
    """Comments, quoting, anchors, line endings, a byte-order mark, the last line: all as they were."""
    rule, marker, changed = weakness
    source = _workflow(indent, quoted=quoted, comment=comment, flow=flow, blank=blank)
    source = source if ended else source.rstrip("\n")
    content = (b"\xef\xbb\xbf" if bom else b"") + source.replace("\n", newline).encode()
    if marker == "uses: ./local" and quoted:
        marker = 'uses: "./local'
    line = source[: source.index(marker)].count("\n") + 1
    finding = Finding(
        tool="zizmor",
        rule=rule,
        message="",
        severity=Severity.LOW,
        locations=(Location(path=PATH, region=Region(start_line=line)),),
    )
    tree = MemoryTree({PATH: content, "local/action.yml": b"runs: {using: composite, steps: []}\n"})
    proposal = propose(Target(finding=finding, tree=tree))
    assert proposal.candidates, proposal.reason
    before = yaml.safe_load(content.decode("utf-8-sig"))
    for candidate in proposal.candidates:
        patched = apply_edits(content, candidate.edits)
        assert patched.startswith(b"\xef\xbb\xbf") == bom
        assert patched.count(b"\n") == patched.count(newline.encode())
        assert patched.endswith(b"\n") == content.endswith(b"\n")
        assert patched.count(comment.encode()) == content.count(comment.encode())
        assert b"&anchor 'keep:  me'" in patched
        assert _without(yaml.safe_load(patched.decode("utf-8-sig")), changed) == _without(before, changed)


def _without(document: object, keys: set[str]) -> object:
    if isinstance(document, dict):
        return {key: _without(value, keys) for key, value in document.items() if key not in keys}
    return [_without(item, keys) for item in document] if isinstance(document, list) else document


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe", b"a: [", b"- 1\n", b"", b"jobs:\n", b"jobs: []\n", b"on: push\njobs: {a: {steps: *x}}\n",
     b"a: &a [*a]\n", b"jobs: {a: {permissions: 1, steps: [1, null, {uses: 3}]}}\n"],
)  # fmt: skip
@pytest.mark.parametrize(
    "rule",
    ["excessive-permissions", "artipacked", "secrets-inherit", "bot-conditions", "cache-poisoning",
     "insecure-commands", "dangerous-triggers", "github-app"],
)  # fmt: skip
def test_hostile_shapes_give_a_reason_and_never_an_exception(content, rule):
    """Whatever the file holds, a person reads a sentence."""
    finding = Finding(
        tool="zizmor",
        rule=rule,
        message="",
        severity=Severity.LOW,
        locations=(Location(path=PATH, region=Region(start_line=1)),),
    )
    proposal = propose(Target(finding=finding, tree=MemoryTree({PATH: content})))
    assert "failed on this file" not in (proposal.reason or "")
    assert proposal.candidates or proposal.reason
