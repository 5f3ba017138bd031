"""A called workflow may not ask for more than those who call it have."""

import pytest
import yaml

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

CALLEE = b"""on: workflow_call
jobs:
  release:
    runs-on: ubuntu-latest
    steps:
      - run: gh release create v1
        env: {GH_TOKEN: '${{ github.token }}'}
"""


@pytest.mark.parametrize(
    ("uses", "level", "made"),
    [
        ("./.github/workflows/release.yml", "read", False),
        ("./.github/workflows/release.yml", "write", True),
        ("octo/app/.github/workflows/release.yml@main", "read", False),
        ("octo/app/.github/workflows/release.yml@main", "write", True),
        ("octo/app/.github/workflows/release.yml@v1", "read", False),
        ("octo/other/.github/workflows/release.yml@main", "read", True),
    ],
    ids=[
        "narrower",
        "as wide",
        "by its own name",
        "by its own name, as wide",
        "a release of it",
        "another repository's",
    ],
)
def test_what_a_caller_does_not_have_is_not_asked_for(uses, level, made):
    caller = f"""on: push
permissions: {{contents: {level}}}
jobs:
  own:
    if: github.repository == 'octo/app'
    uses: {uses}
"""
    path = ".github/workflows/release.yml"
    finding = Finding(
        tool="checkov",
        rule="CKV2_GHA_1",
        message="",
        severity=Severity.MEDIUM,
        locations=(Location(path=path, region=Region(start_line=1)),),
    )
    tree = MemoryTree({path: CALLEE, ".github/workflows/ci.yml": caller.encode()})
    proposal = propose(Target(finding=finding, tree=tree))
    assert bool(proposal.candidates) is made
    assert made or ".github/workflows/ci.yml calls this workflow" in (proposal.reason or "")


@pytest.mark.parametrize(
    ("step", "made"),
    [
        ("{uses: softprops/action-gh-release@v2}", True),
        ("{uses: dorny/paths-filter@v3}", False),
        ("{uses: anchore/sbom-action@v0, with: {upload-release-assets: false}}", True),
        ("{uses: anchore/sbom-action@v0}", False),
    ],
    ids=["fails without", "may do without", "attaches nothing", "may attach"],
)
def test_nothing_is_asked_that_a_caller_elsewhere_need_not_grant(step, made):
    """GitHub would refuse to start the workflow there, where it has run until now."""
    path = ".github/workflows/release.yml"
    content = f"on: workflow_call\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - {step}\n".encode()
    finding = Finding(
        tool="checkov",
        rule="CKV2_GHA_1",
        message="",
        severity=Severity.MEDIUM,
        locations=(Location(path=path, region=Region(start_line=1)),),
    )
    proposal = propose(Target(finding=finding, tree=MemoryTree({path: content})))
    assert bool(proposal.candidates) is made
    assert made or "nothing here calls this workflow" in (proposal.reason or "")


SIGNED = b"""on: workflow_call
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: acme/vault-wrapper@v3
"""


@pytest.mark.parametrize(
    ("step", "stays"),
    [
        ("uses: goreleaser/goreleaser-action@v6", True),
        ("uses: js-devtools/npm-publish@v3", True),
        ("{run: make, env: {ARM_USE_OIDC: true}}", True),
        ("run: terraform plan", True),
        ("run: terraform init -backend=false && terraform validate", False),
        ("uses: softprops/action-gh-release@v2", False),
    ],
)
def test_the_identity_stays_with_what_may_prove_it(step, stays):
    """Some ask for it by settings of their own, which name no token."""
    job = f"runs-on: ubuntu-latest\n    steps:\n      - {step}\n"
    content = f"on: push\npermissions: {{contents: write, id-token: write}}\njobs:\n  a:\n    {job}".encode()
    path = ".github/workflows/build.yml"
    finding = Finding(
        tool="zizmor",
        rule="excessive-permissions",
        message="",
        severity=Severity.MEDIUM,
        locations=(Location(path=path, region=Region(start_line=2)),),
    )
    proposal = propose(Target(finding=finding, tree=MemoryTree({path: content})))
    made = next(one for one in proposal.candidates if one.approach == "permissions-elevate")
    block = yaml.safe_load(apply_edits(content, made.edits))
    assert ("id-token" in block["jobs"]["a"].get("permissions", {})) is stays


@pytest.mark.parametrize(
    ("caller", "scopes"),
    [
        ("permissions: {contents: read, id-token: write}", {"contents": "read", "id-token": "write"}),
        ("permissions: {contents: read}", {"contents": "read"}),
        (None, None),
    ],
    ids=["lent", "not lent", "who calls is not seen"],
)
def test_the_identity_that_a_caller_lends_stays(caller, scopes):
    """What is not known here may show it to somebody."""
    path = ".github/workflows/build.yml"
    files = {path: SIGNED}
    if caller is not None:
        files[".github/workflows/ci.yml"] = f"on: push\n{caller}\njobs:\n  a:\n    uses: ./{path}\n".encode()
    finding = Finding(
        tool="checkov",
        rule="CKV2_GHA_1",
        message="",
        severity=Severity.MEDIUM,
        locations=(Location(path=path, region=Region(start_line=1)),),
    )
    proposal = propose(Target(finding=finding, tree=MemoryTree(files)))
    assert bool(proposal.candidates) is (scopes is not None)
    for each in proposal.candidates:
        patched = apply_edits(SIGNED, each.edits)
        block = yaml.safe_load(patched)
        assert (block["jobs"]["build"].get("permissions") or block["permissions"]) == scopes
