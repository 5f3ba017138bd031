"""Who uses the credentials that a checkout keeps, and what cannot be seen of it."""

import pytest
import yaml

from daemon.domain.edits import apply_edits
from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.fixers.workflows import credentials
from workers.fixers.workflows.model import Workflow
from workers.source import yamldoc
from workers.source.tree import MemoryTree

HEAD = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n"


def _read(steps, files=()):
    tree = MemoryTree({path: content.encode() for path, content in dict(files).items()})
    workflow = Workflow(yamldoc.parse((HEAD + steps).encode(), "ci.yml"))
    return workflow, workflow.steps[0], tree


def _action(*uses):
    return "runs:\n  using: composite\n  steps:\n" + "".join(f"    - {one}\n" for one in uses)


@pytest.mark.parametrize(
    ("steps", "files", "used"),
    [
        ("      - run: python tool.py\n", {"tool.py": "subprocess.run(['git', 'push', 'origin'])"}, True),
        ("      - run: python tool.py\n", {"tool.py": 'run(["git", "-C", where, "push"])'}, True),
        ("      - run: python tool.py\n", {"tool.py": 'run(["git", "-C", "x", "push"])'}, True),
        ("      - run: python tool.py\n", {"tool.py": "from git import Repo\nRepo('.').remote().push()\n"}, True),
        ("      - run: python tool.py\n", {"tool.py": "run(['git', 'log'])"}, False),
        ("      - run: python tool.py\n", {"tool.py": "run('git clone x'); run('cd x && git pull')"}, False),
        ("      - run: make docs\n", {"Makefile": "docs: html\n\nhtml:\n\tgit fetch --tags\n"}, True),
        ("      - run: make docs\n", {"Makefile": "docs:\n\tls\n\nhtml:\n\tgit fetch --tags\n"}, False),
        ("      - run: npm run docs\n        working-directory: web\n",
         {"web/package.json": '{"scripts": {"docs": "./gen.sh"}}', "web/gen.sh": "git pull"}, True),
        ("      - run: npm version patch\n", {}, False),
        ("      - run: npm version patch\n", {"package.json": '{"scripts": {"postversion": "git push"}}'}, True),
        ("      - run: npm run npm-tag\n", {"package.json": '{"scripts": {"npm-tag": "./t.sh"}}', "t.sh": "ls"}, False),
        ("      - run: npm run release\n", {"package.json": '{"scripts": {"release": "gulp release"}}'}, True),
        ("      - run: npm run release\n", {}, True),
        ("      - run: ./release_test.sh\n",
         {"release_test.sh": "pnpm release", "web/package.json": '{"scripts": {"release": "vite --mode release"}}'},
         False),
        ("      - run: npm run build:release --workspace app\n", {}, False),
        ("      - run: ./gradlew assembleRelease\n", {}, False),
        ("      - run: make crds\n", {"Makefile": "crds: deployment\n\ndeployment:\n\tgen deployment\n"}, False),
        ("      - run: ./gradlew :app:publishRelease\n", {}, False),
        ("      - run: ./gradlew release -Prelease.useAutomaticVersion=true\n", {}, True),
        ("      - run: hatch run docs:deploy\n", {}, True),
        ("      - run: make docker-push\n", {}, False),
        ("      - run: yarn deploy\n", {"package.json": '{"scripts": {"deploy": "docusaurus deploy"}}'}, True),
        ("      - run: yarn deploy\n", {"package.json": '{"scripts": {"deploy": "wrangler deploy"}}'}, False),
        ("      - run: npx lerna publish from-package\n", {}, False),
        ("      - run: python tool.py\n", {"tool.py": "def git(*a): ...\ngit('push', 'origin')"}, True),
        ("      - uses: actions/github-script@v7\n        with: {script: 'exec(\"git\", [\"push\"])'}\n", {}, True),
        ("      - run: .ci/docs.sh\n", {".ci/docs.sh": "git clone x y\ncd y\ngit push"}, False),
        ("      - uses: ./outer\n", {"outer/action.yml": _action("uses: ./inner"),
                                     "inner/action.yml": _action("run: git push")}, True),
        ("      - uses: ./outer\n", {"outer/action.yml": _action("uses: ./inner"),
                                     "inner/action.yml": _action("run: git log")}, False),
        ("      - uses: terraform-docs/gh-actions@v1\n        with: {git-push: 'true'}\n", {}, True),
        ("      - uses: terraform-docs/gh-actions@v1\n        with: {git-push: 'false'}\n", {}, False),
        ("      - uses: somebody/build-push-action@v1\n        with: {push: true}\n", {}, False),
        ("      - uses: py-cov-action/python-coverage-comment-action@v3\n        with: {GITHUB_TOKEN: x}\n", {}, True),
        ("      - uses: axel-op/googlejavaformat-action@v3\n", {}, True),
        ("      - uses: somebody/jest-badges-action@v1\n", {}, True),
        ("      - uses: mikepenz/release-changelog-builder-action@v5\n", {}, False),
        ("      - uses: ./loop\n", {"loop/action.yml": _action("uses: ./loop")}, True),
    ],
)  # fmt: skip
def test_a_program_or_an_action_below_may_use_git(steps, files, used):
    """As a list of arguments, through a library, in an action of an action; one without an end is taken to."""
    assert bool(credentials.users(*_read(steps, files))) == used


def test_a_local_action_of_which_only_a_name_speaks_may_need_them():
    """What its script does is not in the tree."""
    files = {"proxy/action.yml": _action("run: ./bin/cf-deploy")}
    assert [user.seen for user in credentials.users(*_read("      - uses: ./proxy\n", files))] == [False]


def test_what_cannot_be_seen_is_said():
    """A script of another repository, and a partial checkout."""
    steps = "        with:\n          filter: blob:none\n      - run: ./scripts/report.sh\n      - run: ./here.sh\n"
    said = list(credentials.doubts(*_read(steps, {"here.sh": "ls"})))
    assert len(said) == 2
    assert "partial (filter: blob:none)" in said[0]
    assert said[1].startswith("`scripts/report.sh` is not in this tree")


@pytest.mark.parametrize(("token", "used"), [("${{ secrets.PAT }}", True), ("${{ github.token }}", False)])
def test_what_is_pushed_in_the_name_of_whoever_checked_out_keeps_that_name(token, used):
    """A push with the job's token would start no workflow."""
    head = f"        with: {{token: '{token}'}}\n"
    assert bool(credentials.users(*_read(head + "      - uses: changesets/action@v1\n"))) == used


def test_an_action_that_fetches_is_doubtful():
    """A public repository gives it what it asks for, a private one does not."""
    said = list(credentials.doubts(*_read("      - uses: tj-actions/changed-files@v45\n")))
    assert said == [
        "tj-actions/changed-files fetches what the checkout lacks, which needs credentials in a private repository"
    ]


def test_nothing_is_doubtful_where_all_is_seen():
    """Commands of tools are no scripts of the repository."""
    assert list(credentials.doubts(*_read("      - run: npm test && ./gradlew check\n"))) == []


@pytest.mark.parametrize(
    "uses",
    ["depot/build-push-action@v1", "vrslev/pre-commit-autoupdate@v1", "wagoid/commitlint-github-action@v6",
     "redhat-actions/push-to-registry@v2", "cirrus-actions/rebase@1.8"],
)  # fmt: skip
def test_an_action_whose_name_only_sounds_like_git_needs_nothing(uses):
    """Images are pushed with the registry's own login, and some actions bring their own remote."""
    assert credentials.users(*_read(f"      - uses: {uses}\n")) == []


def test_a_local_action_of_scripts_can_be_given_a_token():
    """One that calls another action cannot: what that does is not seen."""
    files = {"act/action.yml": _action("run: git push"), "deep/action.yml": _action("uses: acme/auto-commit@v1")}
    assert [user.steps for user in credentials.users(*_read("      - uses: ./act\n", files))] == [True]
    assert [user.steps for user in credentials.users(*_read("      - uses: ./deep\n", files))] == [False]


def test_the_step_of_a_local_action_gets_the_helper():
    """Its scripts inherit it; a line in front of them would have to go into the action."""
    source = HEAD + "      - name: Act\n        uses: ./act\n        with:\n          a: b\n"
    finding = Finding(
        tool="zizmor",
        rule="artipacked",
        message="",
        severity=Severity.MEDIUM,
        locations=(Location(path="ci.yml", region=Region(start_line=6)),),
    )
    tree = MemoryTree({"ci.yml": source.encode(), "act/action.yml": _action("run: git push").encode()})
    (candidate,) = propose(Target(finding=finding, tree=tree)).candidates
    checkout, act = yaml.safe_load(apply_edits(source.encode(), candidate.edits))["jobs"]["a"]["steps"]
    assert candidate.approach == "credentials-for-step"
    assert checkout["with"] == {"persist-credentials": False}
    assert act["env"]["GIT_CONFIG_KEY_0"] == "credential.https://github.com.helper"
    assert act["with"] == {"a": "b"}


def test_the_only_checkout_of_a_file_goes_with_those_of_other_workflows():
    """Neither one whose job pushes, nor an action's, which leaves what it keeps to whoever calls it."""
    finding = Finding(
        tool="zizmor",
        rule="artipacked",
        message="",
        severity=Severity.MEDIUM,
        locations=(Location(path=".github/workflows/a.yml", region=Region(start_line=6)),),
    )
    files = {
        ".github/workflows/a.yml": HEAD,
        ".github/workflows/b.yml": HEAD + "      - run: make\n",
        ".github/workflows/push.yml": HEAD + "      - run: git push\n",
        "act/action.yml": "runs:\n  using: composite\n  steps:\n    - uses: actions/checkout@v4\n",
    }
    tree = MemoryTree({path: text.encode() for path, text in files.items()})
    alone, every = propose(Target(finding=finding, tree=tree)).candidates
    assert (alone.approach, every.approach) == ("persist-credentials-false", "persist-credentials-repository")
    assert every.paths == (".github/workflows/a.yml", ".github/workflows/b.yml")


@pytest.mark.parametrize(
    "script", ["git clone https://github.com/o/other", "git lfs install", "git submodule init", "git commit -m x"]
)
def test_what_stays_here_or_goes_to_another_repository_needs_nothing(script):
    """The credentials are kept in the configuration of the one that was checked out."""
    assert credentials.users(*_read(f"      - run: {script}\n")) == []
