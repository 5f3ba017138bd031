"""Which scopes of the token a job's steps need, and what hides them."""

import pytest

from workers.fixers.workflows.model import Workflow
from workers.fixers.workflows.token import documented, known_actions, scopes
from workers.source import yamldoc
from workers.source.tree import MemoryTree

HEAD = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"

CHECKOUT = "      - uses: actions/checkout@v4\n"
SCRIPT = "      - uses: actions/github-script@v7\n"
GHCR = ("      - uses: docker/login-action@v3\n"
        "        with: {registry: ghcr.io, password: '${{ secrets.GITHUB_TOKEN }}'}\n")  # fmt: skip
BUILDS = b"""runs:
  using: composite
  steps:
    - uses: docker/build-push-action@v6
      with: {push: true}
"""
LOGS_IN = b"""inputs: {pass: {required: true}}
runs:
  using: composite
  steps:
    - uses: docker/login-action@v3
      with: {registry: ghcr.io, password: '${{ inputs.pass }}'}
"""
JOBS = "{NODE_AUTH_TOKEN: '${{ secrets.GITHUB_TOKEN }}'}"
AWS = "      - uses: aws-actions/configure-aws-credentials@v4\n"


def _needs(steps: str, files: dict[str, bytes] | None = None) -> scopes.Needs:
    workflow = Workflow(yamldoc.parse((HEAD + steps).encode()))
    return scopes.of_job(workflow, workflow.jobs[0], MemoryTree(files or {}))


@pytest.mark.parametrize(
    ("script", "text", "needed"),
    [
        ("npx lerna version patch --yes", "", "contents:write"),
        ("python tool.py", "run(['git', 'push'])", "contents:write"),
        ("./gradlew publish", "", ""),
        ("./gradlew release", "", None),
        ("poe bump", "", None),
    ],
)
def test_what_pushes_with_what_checkout_keeps_writes_whatever_it_is_given(script, text, needed):
    """Git sends the job's token, of which no line of the step speaks; where only a name does, nothing is said."""
    found = _needs(f"{CHECKOUT}      - run: {script}\n", {"tool.py": text.encode()})
    assert bool(found.hidden) == (needed is None)
    assert needed is None or scopes.words(found.scopes) == [needed or "contents:read"]
    without = CHECKOUT + "        with: {persist-credentials: false}\n"
    assert not _needs(f"{without}      - run: ./gradlew release\n").hidden


def _run(script: str, env: str = "{GH_TOKEN: '${{ github.token }}'}") -> str:
    return f"      - run: {script!r}\n        env: {env}\n"


@pytest.mark.parametrize(
    ("steps", "needed"),
    [
        ("      - uses: actions/checkout@v4\n", ""),
        (_run("git push origin HEAD"), "contents:write"),
        (_run("git push --dry-run"), ""),
        (_run("gh pr create --fill"), "contents:write pull-requests:write"),
        (_run("gh pr view 1"), "pull-requests:read"),
        (_run("gh issue comment 1 -b x"), "issues:write"),
        (_run("gh api repos/o/r/releases -X POST"), "contents:write"),
        (_run("gh api repos/o/r/pulls/1"), "pull-requests:read"),
        (_run("gh run download"), "actions:read"),
        (_run("curl -H x https://api.github.com/repos/${{ github.repository }}/commits/$SHA/pulls | jq ."),
         "pull-requests:read"),
        (_run("curl https://api.github.com/repos/o/r/$WHAT"), "issues:read pull-requests:read"),
        (_run("gh auth status"), ""),
        (_run("gh api -X DELETE /orgs/a/packages/container/b/versions/1"), "packages:write"),
        ("      - uses: goreleaser/goreleaser-action@v6\n        with: {args: release --snapshot}\n", ""),
        ("      - uses: actions/checkout@v4\n        with: {ssh-key: '${{ secrets.K }}'}\n      - run: git push\n", ""),
        (_run("gh release view v1 || gh release create v1"), "contents:write"),
        (_run("gh pr view 1 && gh issue close 2"), "issues:write pull-requests:read"),
        (_run("dotnet nuget push x --api-key $KEY", "{KEY: '${{ github.token }}'}"), "packages:write"),
        (_run("./gradlew jib", "{PASSWORD: '${{ github.token }}'}"), "packages:write"),
        (GHCR + "      - run: ./gradlew bootBuildImage\n", "packages:write"),
        (GHCR + "      - run: ./gradlew test\n", "packages:read"),
        (GHCR + "      - uses: docker/bake-action@v5\n        with: {set: '*.output=type=registry'}\n",
         "packages:write"),
        (GHCR + "      - uses: docker/build-push-action@v6\n        with: {cache-to: 'type=registry,ref=x'}\n",
         "packages:write"),
        (GHCR.replace("GITHUB_TOKEN", "PAT") + "      - run: docker push ghcr.io/a/b\n", ""),
        (_run("npx playwright test && python -m pytest && uv run pytest"), ""),
        (_run("gh --repo='a/b' pr list"), "pull-requests:read"),
        (_run("gh -R ${{ github.repository }} release create v1"), "contents:write"),
        (SCRIPT + "        with:\n          script: |\n            // octokit.github.io/rest.js\n"
         "            github.rest.pulls.list()\n", "pull-requests:read"),
        (SCRIPT + "        with: {script: 'github.rest.pulls.get({pull_number: ${{ github.event.number }}})'}\n",
         "pull-requests:read"),
        (SCRIPT + "        with: {script: 'github.paginate.iterator(github.rest.issues.listForRepo, {})'}\n",
         "issues:read pull-requests:read"),
        ("      - uses: JetBrains/qodana-action@v2025.1\n        with: {push-fixes: pull-request}\n",
         "checks:write contents:write pull-requests:write"),
        (_run("gh pr merge 1", "{GH_TOKEN: '${{ secrets.PAT }}'}"), ""),
        (CHECKOUT + _run("git push", "{GH_TOKEN: '${{ secrets.PAT }}'}"), "contents:write"),
        (CHECKOUT + "        with: {persist-credentials: false}\n"
         + _run("gh auth setup-git\ngit push", "{GH_TOKEN: '${{ secrets.PAT }}'}"), ""),
        (CHECKOUT + "        with: {token: '${{ secrets.PAT }}'}\n"
         + _run("git push", "{GH_TOKEN: '${{ secrets.PAT }}'}"), ""),
        (CHECKOUT + "      - uses: rickstaa/action-create-tag@v1\n        with: {github_token: '${{ secrets.PAT }}'}\n",
         "contents:write"),
        ("      - uses: softprops/action-gh-release@v2\n        with: {token: '${{ secrets.PAT }}'}\n", ""),
        ("      - uses: actions/stale@v9\n        with: {delete-branch: true}\n",
         "actions:write contents:write issues:write pull-requests:write"),
        ("      - uses: softprops/action-gh-release@v2\n        with: {discussion_category_name: News}\n",
         "contents:write discussions:write"),
        ("      - uses: actions/stale@v8\n", "issues:write pull-requests:write"),
        ("      - uses: pulumi/actions@v6\n        with: {comment-on-pr: true}\n", "pull-requests:write"),
        (GHCR.replace("registry: ghcr.io", "registry: '${{ vars.WHERE }}'"), "packages:read"),
        (_run("docker login ghcr.io -u x -p $CR_PAT", "{CR_PAT: '${{ secrets.CR_PAT }}'}"), ""),
        (AWS + "        with: {role-to-assume: x}\n", "id-token:write"),
        (AWS + "        with: {aws-access-key-id: x}\n", ""),
        (SCRIPT + "        with: {script: 'await github.rest.issues.createComment({})'}\n",
         "issues:write pull-requests:write"),
        (SCRIPT + "        with: {script: 'await github.rest.repos.getContent({})'}\n", ""),
        ("      - uses: nick-fields/retry@v3\n        with: {command: 'git push'}\n", "contents:write"),
        ("      - uses: tiangolo/issue-manager@0.8.0\n        with: {token: '${{ secrets.GITHUB_TOKEN }}'}\n",
         "issues:write pull-requests:write"),
        ("      - uses: clowdhaus/terraform-composite-actions/pre-commit@v1.11.1\n", ""),
        ("      - uses: peter-evans/slash-command-dispatch@v4\n        with: {token: '${{ secrets.PAT }}'}\n",
         "issues:write pull-requests:write"),
        ("      - uses: peter-evans/slash-command-dispatch@v4\n"
         "        with: {token: '${{ secrets.PAT }}', reaction-token: '${{ secrets.PAT }}'}\n", ""),
        (GHCR + "      - uses: useblacksmith/build-push-action@v2\n        with: {push: true}\n", "packages:write"),
        (GHCR + "      - uses: depot/build-push-action@v1\n        with: {push: false}\n",
         "id-token:write packages:read"),
        (GHCR + "      - uses: int128/docker-manifest-create-action@v2\n", "packages:write"),
        ("      - uses: uraimo/run-on-arch-action@v3\n        with: {githubToken: '${{ github.token }}'}\n",
         "packages:write"),
        ("      - uses: uraimo/run-on-arch-action@v3\n", ""),
        ("      - uses: somebody/setup-thing@v1\n        with: {token: '${{ github.token }}'}\n", ""),
    ],
)  # fmt: skip
def test_a_job_needs_what_its_steps_use(steps, needed):
    """Besides reading the code, which every job may."""
    found = _needs(steps)
    assert found.hidden == ()
    assert set(scopes.words(found.scopes)) - {"contents:read"} == set(needed.split())


@pytest.mark.parametrize(
    ("uses", "needed"),
    [
        ("slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml@v2.1.0",
         "actions:read contents:write id-token:write"),
        ("google/osv-scanner-action/.github/workflows/osv-scanner-reusable.yml@v2",
         "actions:read contents:read security-events:write"),
        ("somebody/workflows/.github/workflows/release.yml@v1", None),
    ],
)  # fmt: skip
def test_a_workflow_of_another_repository_needs_what_its_jobs_ask_of_their_caller(uses, needed):
    """GitHub refuses to start it where the caller has less; what is not known is said."""
    workflow = Workflow(yamldoc.parse(f"on: push\njobs:\n  a:\n    uses: {uses}\n".encode()))
    found = scopes.of_job(workflow, workflow.jobs[0], MemoryTree({}))
    assert bool(found.hidden) is (needed is None)
    assert set(scopes.words(found.scopes)) == set((needed or "").split())


@pytest.mark.parametrize(
    ("trigger", "needed"),
    [("issues", {"issues": "write"}), ("issue_comment", {"issues": "write", "pull-requests": "write"})],
)
def test_a_script_about_issues_needs_pull_requests_where_it_may_be_about_one(trigger, needed):
    """The number of what was commented on may be a pull request's."""
    text = HEAD.replace("push", trigger) + _run("gh issue comment 1 -b x")
    workflow = Workflow(yamldoc.parse(text.encode()))
    found = scopes.of_job(workflow, workflow.jobs[0], MemoryTree({}))
    assert {scope: level for scope, level in found.scopes.items() if scope != "contents"} == needed


@pytest.mark.parametrize(
    ("trigger", "needed"), [("issues", "issues:write"), ("issue_comment", "issues:write pull-requests:write")]
)
def test_who_answers_an_issue_writes_no_pull_request(trigger, needed):
    """The API of issues serves both; what started the workflow says which it is about."""
    call = "        with: {script: 'github.rest.issues.createComment({issue_number: context.issue.number})'}\n"
    workflow = Workflow(yamldoc.parse((HEAD.replace("push", trigger) + SCRIPT + call).encode()))
    found = scopes.of_job(workflow, workflow.jobs[0], MemoryTree({}))
    assert set(scopes.words(found.scopes)) - {"contents:read"} == set(needed.split())


@pytest.mark.parametrize(
    ("steps", "files"),
    [
        (GHCR + "      - run: ./ci/publish.sh\n", {"ci/publish.sh": b"docker push ghcr.io/o/i"}),
        (GHCR + "      - uses: ./image\n", {"image/action.yml": BUILDS}),
        ("      - uses: ./login\n        with: {pass: '${{ github.token }}'}\n      - run: docker push ghcr.io/o/i\n",
         {"login/action.yml": LOGS_IN}),
    ],
)  # fmt: skip
def test_who_pushes_an_image_need_not_be_who_logs_in(steps, files):
    """Either may stand in an action of the repository, or in a file that a script runs."""
    assert dict(_needs(steps, files).scopes) == {"contents": "read", "packages": "write"}


@pytest.mark.parametrize(
    ("steps", "files", "needed"),
    [
        (_run("npm ci", JOBS), {".npmrc": b"@o:registry=https://npm.pkg.github.com"}, "packages:read"),
        (_run("npm ci", "{NODE_AUTH_TOKEN: '${{ secrets.PAT }}'}"),
         {".npmrc": b"@o:registry=https://npm.pkg.github.com"}, ""),
        (_run("npm ci", JOBS), {".npmrc": b"save-exact=true"}, ""),
        (_run("mvn verify", JOBS), {"lib/pom.xml": b"<url>https://maven.pkg.github.com/o/r</url>"}, "packages:read"),
        ("      - uses: actions/setup-node@v4\n        with: {registry-url: 'https://npm.pkg.github.com'}\n"
         + _run("npm ci && npm publish --access x", JOBS), {}, "packages:write"),
        (_run("gh pr list", JOBS), {".npmrc": b"@o:registry=https://npm.pkg.github.com"}, "pull-requests:read"),
        ("      - uses: actions/setup-dotnet@v4\n        with: {source-url: 'https://nuget.pkg.github.com/o/index.json'}\n"
         "        env: {NUGET_AUTH_TOKEN: '${{ github.token }}'}\n", {}, "packages:read"),
        ("      - uses: ruby/setup-ruby@v1\n        env:\n"
         "          BUNDLE_RUBYGEMS__PKG__GITHUB__COM: 'x:${{ github.token }}'\n", {}, "packages:read"),
    ],
)  # fmt: skip
def test_who_hands_the_token_to_a_package_manager_reads_github_s_packages(steps, files, needed):
    """The registry is named in the workflow, or in the settings of the package manager."""
    assert set(scopes.words(_needs(steps, files).scopes)) - {"contents:read"} == set(needed.split())


@pytest.mark.parametrize(
    ("file", "needed"),
    [
        (b"release:\n\tgh release create v1\n", "contents:write"),
        (b"release:\n\tgit clone git@aur.archlinux.org:x.git x && cd x && git push\n", ""),
        (b"other:\n\tgh release create v1\nrelease:\n\tls\n", ""),
    ],
)
def test_a_target_of_make_needs_what_its_recipe_uses(file, needed):
    """A clone that goes by a key of its own needs nothing of the token."""
    found = _needs("      - run: make release\n", {"Makefile": file})
    assert set(scopes.words(found.scopes)) - {"contents:read"} == set(needed.split())


@pytest.mark.parametrize(("secret", "level"), [("PAT", "read"), ("GITHUB_TOKEN", "write")])
def test_a_clone_is_pushed_to_with_the_secret_in_its_address(secret, level):
    """What checkout keeps is for its own repository."""
    clone = f"git clone https://${{{{ secrets.{secret} }}}}@github.com/a/site && cd site && git push"
    assert _needs(f"{CHECKOUT}      - run: {clone}\n").scopes == {"contents": level}


def test_a_token_that_stands_around_an_action_is_not_its_own():
    """The action's input has a default, the job's token, whatever the workflow hands to `gh`."""
    text = HEAD.replace("jobs:", "env: {GH_TOKEN: '${{ secrets.PAT }}'}\njobs:") + CHECKOUT
    workflow = Workflow(yamldoc.parse((text + "      - uses: EndBug/add-and-commit@v9\n").encode()))
    assert scopes.of_job(workflow, workflow.jobs[0], MemoryTree({})).scopes == {"contents": "write"}


def test_goreleaser_needs_what_its_settings_have_it_do():
    """It closes milestones, which are the API's of issues."""
    settings = b"version: 2\nmilestones:\n  - name_template: x\n    close: true\nsigns:\n  - cmd: gpg\n"
    found = _needs("      - uses: goreleaser/goreleaser-action@v6\n", {".goreleaser.yaml": settings})
    assert found.scopes == {"contents": "write", "issues": "write"}


@pytest.mark.parametrize(
    ("command", "level"),
    [("release --clean", "write"), ("--clean", "write"), ("release --snapshot", "read"), ("build", "read")],
)
def test_goreleaser_pushes_images_from_a_script_too(command, level):
    """With the login of the job's token."""
    login = "      - uses: docker/login-action@v3\n        with: {registry: ghcr.io, password: '${{ github.token }}'}\n"
    assert _needs(f"{login}      - run: goreleaser {command}\n").scopes["packages"] == level


def test_every_documented_action_says_where_its_needs_were_read():
    """And is in one table alone, in the lower case that GitHub compares by, with scopes that exist."""
    for name, found in {**documented.ACTIONS, **documented.WORKFLOWS}.items():
        assert name.count("/") >= 1
        assert name == name.lower()
        assert found.read
        assert set(scopes.union(found.scopes.split())) <= set(scopes.ALL)
    assert not known_actions.NEEDS.keys() & documented.ACTIONS.keys()


@pytest.mark.parametrize(
    "steps",
    [
        SCRIPT + "        with: {script: \"require('${{ github.action_path }}/label.js')(github)\"}\n",
        "      - uses: ./missing\n",
        "      - uses: somebody/auto-merge@v1\n",
        "      - uses: amondnet/vercel-action@v42\n",
        "      - uses: terraform-docs/gh-actions@v1\n        with: {git-push: 'true'}\n",
        _run("./release-tool"),
        _run("go run ./cmd/label"),
        _run("python -m tools.label"),
        _run("uv run label-issues"),
        _run("gh pr list | npx @scope/labeler"),
        _run("gh --repo=a/b frobnicate all"),
        _run("gh api graphql -f query=x"),
        _run("curl -X POST https://api.github.com/repos/o/r/dispatches"),
        SCRIPT + "        with: {script: 'require(\"./x.js\")(github)'}\n",
        SCRIPT + "        with: {script: 'require(\"${{ github.workspace }}/x\")(github)'}\n",
        SCRIPT + "        with: {script: 'await github.rest.codespaces.create({})'}\n",
        SCRIPT + "        with: {script: 'const api = github; await api.issues.create({})'}\n",
        SCRIPT + "        with: {script: 'await getOctokit(process.env.T).rest.issues.create({})'}\n",
        "      - run: |\n          import requests\n          requests.post('https://api.github.com/x')\n",
        _run("docker run -e GH_TOKEN image"),
    ],
)
def test_what_hides_its_needs_is_said(steps):
    """Nothing is taken to be harmless that gets the token, or is named after what it writes."""
    assert _needs(steps).hidden


def test_a_local_action_needs_what_its_own_steps_use():
    """It is read from the tree, and so is what it calls."""
    inner = b"runs:\n  using: composite\n  steps:\n    - run: git push\n      shell: bash\n"
    outer = b"runs:\n  using: composite\n  steps:\n    - uses: ./inner\n"
    found = _needs("      - uses: ./outer\n", {"inner/action.yml": inner, "outer/action.yaml": outer})
    assert found == scopes.Needs({"contents": "write"})


PROGRAM = b"inputs: {token: {required: true}}\nruns: {using: docker, image: Dockerfile}\n"
HANDED = b"""
inputs:
  token: {default: '${{ github.token }}'}
runs:
  using: composite
  steps:
    - run: ./release-tool
      shell: bash
      env: {API_KEY: '${{ inputs.token }}'}
"""


@pytest.mark.parametrize(
    ("given", "action", "hides"),
    [
        ("${{ secrets.GITHUB_TOKEN }}", PROGRAM, True),
        ("${{ secrets.PAT }}", PROGRAM, False),
        ("${{ github.token }}", HANDED, True),
        ("${{ secrets.PAT }}", HANDED, False),
        ("", HANDED, True),
    ],
    ids=["a program", "with a token of its own", "handed on", "another handed on", "by default"],
)
def test_a_local_action_that_is_handed_the_token_may_hide_what_it_needs(given, action, hides):
    used = "      - uses: ./publish\n" + (f"        with: {{token: '{given}'}}\n" if given else "")
    assert bool(_needs(used, {"publish/action.yml": action}).hidden) is hides


OCTOKIT = b"const { Octokit } = require('@octokit/rest')\n"


@pytest.mark.parametrize(
    ("script", "env", "file", "hides"),
    [
        ("node .github/scripts/label.js", "{GH: '${{ github.token }}'}", OCTOKIT, True),
        ("node ./.github/scripts/label.js", "{GH: '${{ github.token }}'}", b"console.log(1)\n", False),
        ("node .github/scripts/label.js", "{GH: '${{ secrets.PAT }}'}", OCTOKIT, False),
        ("node .github/scripts/other.js", "{GH: '${{ github.token }}'}", OCTOKIT, True),
    ],
    ids=["calls GitHub", "does not", "another token", "is not there"],
)
def test_a_script_file_that_gets_the_token_may_hide_what_it_needs(script, env, file, hides):
    assert bool(_needs(_run(script, env), {".github/scripts/label.js": file}).hidden) is hides


def test_an_unknown_action_without_a_token_is_named_as_assumed():
    """A person can look it up."""
    assert _needs("      - uses: project-labels/formatter@v1\n").assumed == ("project-labels/formatter",)


@pytest.mark.parametrize("more", ["  y: {}\n", ""])
def test_a_called_workflow_needs_what_it_declares(more):
    """Its jobs' blocks and its own, which GitHub holds against the caller where no job goes by it, too."""
    workflow = Workflow(yamldoc.parse(b"on: push\njobs:\n  a:\n    uses: ./.github/workflows/b.yml\n"))
    callee = b"on: workflow_call\npermissions: {issues: write}\njobs:\n  x: {permissions: {pages: write}}\n"
    callee += more.encode()
    found = scopes.of_job(workflow, workflow.jobs[0], MemoryTree({".github/workflows/b.yml": callee}))
    assert found.scopes == {"issues": "write", "pages": "write"}


def test_a_workflow_that_is_named_by_its_own_repository_needs_what_it_asks_for():
    """It lies in the tree, which shows whose it is."""
    text = "on: push\njobs:\n  a:\n    if: github.repository == 'octo/app'\n"
    text += "    uses: octo/app/.github/workflows/b.yml@main\n"
    asks = b"on: workflow_call\npermissions: {issues: write}\njobs: {b: {runs-on: x, steps: [{run: make}]}}\n"
    workflow = Workflow(yamldoc.parse(text.encode(), ".github/workflows/a.yml"))
    tree = MemoryTree({".github/workflows/a.yml": text.encode(), ".github/workflows/b.yml": asks})
    assert scopes.of_job(workflow, workflow.jobs[0], tree) == scopes.Needs({"issues": "write"})
