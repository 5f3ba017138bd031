"""Which later step would push without the credentials that checkout no longer keeps."""

import pytest

from workers.source.tree import MemoryTree
from workers.verify.workflows.credentials import lost
from workers.verify.workflows.model import workflow

CHECKOUT = "      - uses: actions/checkout@v4\n"
OFF = "        with: {persist-credentials: false}\n"
HELPER = (
    "        env:\n          GIT_TOKEN: ${{ github.token }}\n          GIT_CONFIG_COUNT: 1\n"
    "          GIT_CONFIG_KEY_0: credential.https://github.com.helper\n"
    '          GIT_CONFIG_VALUE_0: \'!f() { echo "username=x-access-token"; echo "password=${GIT_TOKEN}"; }; f\'\n'
)


def _lost(steps: str, given: str = "", tree: MemoryTree | None = None) -> str | None:
    head = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
    off = f"{given}          persist-credentials: false\n" if given else OFF
    before = workflow((head + CHECKOUT + given + steps).encode())
    after = workflow((head + CHECKOUT + off + steps).encode())
    assert before is not None
    assert after is not None
    return lost(before.jobs[0], after.jobs[0], tree or MemoryTree({}))


@pytest.mark.parametrize(
    "steps",
    [
        "      - run: make\n",
        "      - run: git commit -m x\n",
        "      - run: ./gradlew publishToMavenCentral && make docker-push\n",
        "      - run: git push https://x-access-token:$T@github.com/o/r HEAD\n",
        "      - run: git push\n" + HELPER,
        "      - run: |\n          gh auth setup-git\n          git push\n        env: {GH_TOKEN: x}\n",
        "      - run: git remote set-url origin https://x:$T@github.com/o/r\n      - run: git push\n",
        "      - uses: peter-evans/create-pull-request@v7\n",
        "      - uses: actions/checkout@v4\n      - run: git push\n",
    ],
)
def test_a_job_that_brings_its_own_credentials_or_needs_none_keeps_working(steps):
    """No step is named."""
    assert _lost(steps) is None


@pytest.mark.parametrize(
    ("steps", "named"),
    [
        ("      - run: git push\n", "git push"),
        ("      - run: git -C docs push origin HEAD\n", "push"),
        ("      - run: git push\n" + HELPER + "      - run: git push --tags\n", "git push"),
        ("      - run: gh auth setup-git\n        env: {GH_TOKEN: x}\n      - run: git push\n", "git push"),
        ("      - run: git push https://x-access-token:$T@github.com/o/r\n      - run: git push --tags\n", "git push"),
        ("      - uses: stefanzweifel/git-auto-commit-action@v5\n", "git-auto-commit"),
        ("      - run: git submodule update --init\n", "submodule"),
        ("      - run: npx docusaurus deploy\n", "docusaurus deploy"),
        ("      - run: ./gradlew release\n", "gradlew release"),
        ('      - uses: actions/github-script@v7\n        with: {script: \'exec("git", ["push"])\'}\n', "git push"),
    ],
)
def test_a_step_that_used_what_checkout_kept_is_named(steps, named):
    """What another step was given does not help it."""
    assert named in (_lost(steps) or "")


@pytest.mark.parametrize(
    ("token", "steps", "named"),
    [
        ("", "      - uses: acme/auto-branch-sync-action@v2\n", "acme/auto-branch-sync-action"),
        ("", "      - uses: acme/auto-branch-sync-action@v2\n        with: {token: x}\n", ""),
        ("", "      - uses: acme/rebase@v2\n        env: {GITHUB_TOKEN: x}\n", ""),
        ("", "      - uses: depot/build-push-action@v1\n", ""),
        ("", "      - uses: acme/pre-commit-autoupdate@v1\n", ""),
        ("", "      - uses: acme/crowdin-sync/download@v1\n", ""),
        ("${{ secrets.PAT }}", "      - uses: acme/crowdin-sync/download@v1\n", "crowdin-sync"),
        ("${{ steps.app.outputs.token }}", "      - uses: acme/release-it@v1\n", "release-it"),
        ("${{ secrets.GITHUB_TOKEN }}", "      - uses: acme/release-it@v1\n", ""),
        ("${{ secrets.PAT }}", "      - uses: acme/setup-tool@v1\n", ""),
        ("${{ secrets.PAT }}", "      - run: git config user.name bot\n      - run: nf-core sync\n", "git's author"),
        ("${{ secrets.PAT }}", "      - run: git config user.name bot\n      - uses: a/create-pull-request@v1\n", ""),
        ("${{ github.token }}", "      - run: git config user.name bot\n      - run: make test\n", ""),
        ("${{ secrets.PAT }}", "      - uses: acme/create-or-update-comment@v5\n", ""),
        ("", "      - uses: acme/docs@v1\n        with: {git-push: 'true'}\n", "acme/docs"),
        ("", "      - uses: acme/docker-build-push@v1\n", ""),
        ("", "      - uses: korthout/backport-action@v4\n        with: {github_token: x}\n", "backport-action"),
    ],
)
def test_an_action_that_seems_to_push_is_named_unless_it_has_a_token(token, steps, named):
    """By its name; where the checkout was made as somebody else, by less."""
    given = f"        with:\n          token: {token}\n" if token else ""
    assert named in (_lost(steps, given) or "") if named else _lost(steps, given) is None


def test_a_target_of_make_uses_git_for_the_step_that_names_it():
    """Read from the tree."""
    tree = MemoryTree({"Makefile": b"docs:\n\tgit push\n\nlint:\n\tls\n"})
    assert "make docs" in (_lost("      - run: make docs\n", tree=tree) or "")
    assert _lost("      - run: make lint\n", tree=tree) is None


@pytest.mark.parametrize(
    ("script", "named"), [("git fetch origin", "./act"), ("git log", None), ("gh auth setup-git; git push", None)]
)
def test_the_scripts_of_a_local_action_count(script, named):
    """Read from the tree; what is not there cannot be said."""
    action = f"runs:\n  using: composite\n  steps:\n    - run: {script}\n      shell: bash\n"
    found = _lost("      - uses: ./act\n", tree=MemoryTree({"act/action.yml": action.encode()}))
    assert (found is not None and named in found) if named else found is None
    assert _lost("      - uses: ./act\n") is None


def test_a_local_action_sees_what_its_step_is_given():
    """The helper in the environment of the step answers for the scripts below."""
    action = b"runs:\n  using: composite\n  steps:\n    - run: git push\n      shell: bash\n"
    tree = MemoryTree({"act/action.yml": action})
    assert _lost("      - uses: ./act\n" + HELPER, tree=tree) is None


@pytest.mark.parametrize(
    ("action", "secret", "pushes"),
    [
        ("octo/version-updater", "PAT", True),
        ("octo/version-updater", "OTHER", False),
        ("octo/release-notes", "PAT", False),
        ("peter-evans/create-or-update-comment", "PAT", False),
    ],
)
def test_an_action_that_gets_the_secret_of_the_checkout_may_push_by_it(action, secret, pushes):
    given = "        with:\n          token: ${{ secrets.PAT }}\n"
    step = f"      - uses: {action}@v1\n        with: {{token: '${{{{ secrets.{secret} }}}}'}}\n"
    assert (_lost(step, given) is not None) == pushes
