"""Which later step would push without the credentials that checkout no longer keeps."""

import pytest

from workers.verify.workflows.credentials import lost
from workers.verify.workflows.model import workflow

CHECKOUT = "      - uses: actions/checkout@v4\n"
OFF = "        with: {persist-credentials: false}\n"
HELPER = (
    "        env:\n          GIT_TOKEN: ${{ github.token }}\n          GIT_CONFIG_COUNT: 1\n"
    "          GIT_CONFIG_KEY_0: credential.https://github.com.helper\n"
    '          GIT_CONFIG_VALUE_0: \'!f() { echo "username=x-access-token"; echo "password=${GIT_TOKEN}"; }; f\'\n'
)


def _lost(steps: str) -> str | None:
    head = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n"
    before, after = workflow((head + CHECKOUT + steps).encode()), workflow((head + CHECKOUT + OFF + steps).encode())
    assert before is not None
    assert after is not None
    return lost(before.jobs[0], after.jobs[0])


@pytest.mark.parametrize(
    "steps",
    [
        "      - run: make\n",
        "      - run: git commit -m x\n",
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
    ],
)
def test_a_step_that_used_what_checkout_kept_is_named(steps, named):
    """What another step was given does not help it."""
    assert named in (_lost(steps) or "")
