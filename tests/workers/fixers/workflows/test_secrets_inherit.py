"""Which secrets a called workflow is handed, read from the workflow that is called."""

from daemon.domain.edits import apply_edits, by_path
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

PATH = ".github/workflows/ci.yml"
PLAIN = b"on:\n  workflow_call:\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: make\n"
SECRET = PLAIN.replace(b"make\n", b"make\n        env: {KEY: '${{ secrets.KEY }}', T: '${{ secrets.GITHUB_TOKEN }}'}\n")


def _call(name, *lines):
    return "".join(f"  {line}\n" for line in (f"{name}:", f"  uses: ./.github/workflows/{name}.yml", *lines))


def _proposed(text, files):
    line = text[: text.index("inherit")].count("\n") + 1
    finding = Finding(
        tool="zizmor",
        rule="secrets-inherit",
        message="",
        severity=Severity.MEDIUM,
        locations=(Location(path=PATH, region=Region(start_line=line)),),
    )
    contents = {PATH: text.encode(), **{f".github/workflows/{name}.yml": one for name, one in files.items()}}
    proposal = propose(Target(finding=finding, tree=MemoryTree(contents)))
    patched = {
        one.approach: {path: apply_edits(contents[path], edits).decode() for path, edits in by_path(one.edits).items()}
        for one in proposal.candidates
    }
    return patched, proposal.reason


def test_what_uses_no_secret_is_handed_none_and_so_is_every_other_such_call():
    calls = (_call("one", "  secrets: inherit"), _call("two", "  secrets: inherit # all"), _call("three"))
    named = _call("four", "  secrets: inherit")
    head = "on: push\njobs:\n"
    patched, _ = _proposed(head + "".join(calls) + named, {"one": PLAIN, "two": PLAIN, "three": PLAIN, "four": SECRET})
    assert patched["secrets-none"] == {PATH: head + _call("one") + "".join(calls[1:]) + named}
    assert patched["secrets-none-file"] == {PATH: head + _call("one") + _call("two") + calls[2] + named}


def test_one_such_call_has_no_second_approach():
    calls = _call("one", "  secrets: inherit") + _call("two", "  secrets: inherit")
    patched, _ = _proposed(f"on: push\njobs:\n{calls}", {"one": PLAIN, "two": SECRET})
    assert list(patched) == ["secrets-none"]


def test_what_uses_secrets_gets_them_by_name_and_declares_them():
    patched, _ = _proposed("on: push\njobs:\n" + _call("one", "  secrets: inherit"), {"one": SECRET})
    assert list(patched) == ["secrets-named"]
    named = "on: push\njobs:\n" + _call("one", "  secrets:", "    KEY: ${{ secrets.KEY }}")
    assert patched["secrets-named"][PATH] == named
    callee = patched["secrets-named"][".github/workflows/one.yml"]
    assert "workflow_call:\n    secrets:\n      KEY:\n        required: false\n" in callee


def test_secrets_that_are_named_at_run_time_or_elsewhere_are_left():
    whole = PLAIN.replace(b"make\n", b"make\n        env: {ALL: '${{ toJSON(secrets) }}'}\n")
    text = "on: push\njobs:\n" + _call("one", "  secrets: inherit")
    assert _proposed(text, {"one": whole})[0] == {}
    patched, reason = _proposed(text.replace("./.github", "o/r/.github").replace(".yml", ".yml@v1"), {})
    assert patched == {}
    assert "in another repository" in reason


def test_a_workflow_that_is_named_by_its_own_repository_is_read_from_the_tree():
    """Where the tree shows whose it is: a release of it may use other secrets, and another repository's are unknown."""
    guard = "on: push\njobs:\n  own:\n    if: github.repository == 'octo/app'\n    uses: {}\n    secrets: inherit\n"
    patched, _ = _proposed(guard.format("octo/app/.github/workflows/one.yml@main"), {"one": SECRET})
    assert "    secrets:\n      KEY: ${{ secrets.KEY }}\n" in patched["secrets-named"][PATH]
    for other in ("octo/app/.github/workflows/one.yml@v1.2.0", "octo/other/.github/workflows/one.yml@main"):
        assert _proposed(guard.format(other), {"one": SECRET})[0] == {}
