"""When a workflow that a stranger's pull request starts has nothing of the stranger's in it."""

import pytest

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.fixers.workflows import gates, strangers
from workers.fixers.workflows.model import Workflow
from workers.source import yamldoc
from workers.source.tree import MemoryTree

PATH = ".github/workflows/ci.yml"


def _text(steps, *, on="pull_request_target", condition="true"):
    indented = "".join(f"      {line}\n" for line in steps.splitlines())
    return f"on: {on}\njobs:\n  a:\n    if: {condition}\n    runs-on: ubuntu-latest\n    steps:\n{indented}"


def _proposed(text, message=""):
    finding = Finding(
        tool="zizmor",
        rule="dangerous-triggers",
        message=message,
        severity=Severity.HIGH,
        locations=(Location(path=PATH, region=Region(start_line=1)),),
    )
    return propose(Target(finding=finding, tree=MemoryTree({PATH: text.encode()})))


def _script(script, context="pull_request.number"):
    return f"- env:\n    V: ${{{{ github.event.{context} }}}}\n  run: |\n    {script}\n"


COMMENT = """\
- uses: actions/github-script@v8
  with:
    script: |
      github.rest.issues.createComment({issue_number: context.issue.number, body: 'Welcome'})
"""
DOWNLOAD = """\
- uses: actions/download-artifact@v5
  with: {run-id: "${{ github.event.workflow_run.id }}"}
- run: gh pr comment "$(cat number)"
"""


@pytest.mark.parametrize(
    "steps",
    [
        COMMENT,
        _script('gh pr edit "$V" --add-label "new one"'),
        _script("if [ 1 = 2 ]; then echo no; else gh pr comment $V --body x | tail -1; fi"),
        "- uses: actions/checkout@v5\n- uses: actions/labeler@v6\n",
        "- uses: actions/checkout@v5\n  with: {ref: '${{ github.event.pull_request.base.sha }}'}\n" + COMMENT,
    ],
    ids=["a comment", "a label", "plain commands", "the base branch", "the base's commit"],
)
def test_what_only_calls_the_api_has_nothing_to_mend(steps):
    proposal = _proposed(_text(steps, condition="github.actor != 'x'"))
    assert (proposal.candidates, proposal.harmless) == ((), True)
    assert "nothing that a stranger" in proposal.reason


@pytest.mark.parametrize(
    "steps",
    [
        "- uses: actions/checkout@v5\n  with: {ref: '${{ github.event.pull_request.head.sha }}'}\n" + COMMENT,
        "- uses: actions/checkout@v5\n  with: {repository: '${{ github.event.pull_request.head.repo.full_name }}'}\n"
        + COMMENT,
        _script('gh pr comment 1 --body "$V"', "pull_request.title"),
        "- run: gh pr comment 1 --body '${{ github.event.pull_request.title }}'\n",
        _script('gh pr checkout "$V"'),
        _script("make; gh pr comment $V"),
        _script("gh pr comment $V --body $(./say.sh)"),
        _script('gh pr comment $V --body "$(gh api x/$(make))"'),
        _script('echo "X=$V" >> "$GITHUB_ENV"; gh pr comment $V'),
        "- shell: python\n  run: gh\n- run: gh pr comment 1\n",
        "- uses: octo/reads-the-code@v1\n" + COMMENT,
        _script('gh pr merge --auto "$V"'),
        COMMENT.replace("issues.createComment", "actions.createWorkflowDispatch"),
        "- uses: hmarr/auto-approve-action@v4\n",
        COMMENT.replace("'Welcome'", "'${{ github.head_ref }}'"),
        COMMENT.replace("github.rest", "require('./ours.js')(); github.rest"),
    ],
    ids=["its commit", "its repository", "its title", "pasted", "gh takes it", "a command", "inside a command",
         "deep inside", "the environment", "another shell", "an unknown action", "merged", "another workflow",
         "approved", "its branch", "a file"],
)  # fmt: skip
def test_what_may_take_something_of_it_is_not_harmless(steps):
    assert not _proposed(_text(steps)).harmless


@pytest.mark.parametrize(
    ("condition", "harmless"),
    [
        ("github.event.workflow_run.event == 'push'", True),
        ("github.event.workflow_run.conclusion == 'success' && (github.event.workflow_run.event == 'push')", True),
        ("github.event.workflow_run.head_repository.full_name == github.repository", True),
        ("github.event.workflow_run.event == 'pull_request'", False),
        ("github.event.workflow_run.event == 'push' || true", False),
        ("github.event.workflow_run.head_branch == 'main'", False),
    ],
)
def test_what_runs_after_the_repositorys_own_runs_alone_may_take_their_files(condition, harmless):
    """A fork can call its branch `main`; it cannot start a run for a push."""
    proposal = _proposed(_text(DOWNLOAD, on="{workflow_run: {workflows: [CI]}}", condition=condition))
    assert (proposal.candidates, proposal.harmless) == ((), harmless)


@pytest.mark.parametrize(("script", "harmless"), [("./backport.sh", True), ("echo ${{ github.head_ref }}", False)])
def test_what_runs_once_it_is_merged_is_what_was_reviewed(script, harmless):
    steps = f"- run: {script}\n  env: {{KEY: '${{{{ secrets.KEY }}}}'}}\n"
    assert _proposed(_text(steps, condition="github.event.pull_request.merged == true")).harmless == harmless


@pytest.mark.parametrize(
    ("condition", "gate"),
    [
        ("github.event.pull_request.head.repo.full_name == github.repository", "own branches"),
        ("${{ (always() && !github.event.pull_request.head.repo.fork) }}", "own branches"),
        ("github.repository == 'o/a' && github.actor == 'dependabot[bot]'", "Dependabot"),
        ("github.actor == 'dependabot[bot]' || github.actor == 'x && y'", None),
        ("github.actor != 'dependabot[bot]'", None),
        ("!(github.actor == 'dependabot[bot]')", None),
        ("contains('github.actor == ', 'x')", None),
        ("", None),
    ],
)
def test_a_gate_has_to_hold_whatever_else_does(condition, gate):
    text = f"on: push\njobs:\n  a:\n    if: {yamlled(condition)}\n    runs-on: x\n    steps: []\n"
    workflow = Workflow(yamldoc.parse(text.encode(), PATH))
    assert gates.gate(workflow, workflow.jobs[0], ("own branches", "Dependabot")) == gate


def yamlled(condition):
    return "'" + condition.replace("'", "''") + "'"


def test_a_job_that_runs_whatever_happened_before_is_not_behind_its_gate():
    head = "on: push\njobs:\n  a:\n    if: github.actor == 'dependabot[bot]'\n    steps: []\n"
    found = []
    for condition in ("success()", "always()"):
        text = f"{head}  b:\n    needs: a\n    if: {condition}\n    steps: []\n"
        workflow = Workflow(yamldoc.parse(text.encode(), PATH))
        found.append(gates.gate(workflow, workflow.jobs[1], ("Dependabot",)))
    assert found == ["Dependabot", None]


def test_jobs_that_nobody_follows_count_as_a_way_in():
    text = "on: push\njobs:\n  a:\n    uses: ./.github/workflows/b.yml\n  b:\n    container: x\n    steps: []\n"
    workflow = Workflow(yamldoc.parse(text.encode(), PATH))
    assert [strangers.let_in(workflow, [job]) is None for job in workflow.jobs] == [False, False]


@pytest.mark.parametrize(
    ("event", "candidates", "reason"),
    [
        ("pull_request_target", 1, ""),
        ("workflow_run", 0, "whatever ran before it"),
        ("issue_comment", 0, "whoever may comment"),
    ],
)
def test_each_trigger_is_answered_for_itself(event, candidates, reason):
    text = _text("- run: make\n", on="[workflow_run, issue_comment, pull_request_target]")
    proposal = _proposed(text, f"{event} is almost always used insecurely")
    assert len(proposal.candidates) == candidates
    assert reason in (proposal.reason or "")


def test_a_comment_that_is_only_looked_at_has_nothing_to_mend():
    steps = COMMENT + _script("gh pr comment $V --body hello", "issue.number")
    assert _proposed(_text(steps, on="issue_comment", condition="github.event.comment.body == '/hi'")).harmless
    body = _script("gh pr comment 1 --body $V", "comment.body")
    assert not _proposed(_text(body, on="issue_comment")).harmless
