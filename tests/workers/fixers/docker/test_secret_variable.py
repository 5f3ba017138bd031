"""What a fix of a secret in ARG or ENV says, and what it keeps to itself."""

import pytest

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.severity import Severity
from workers.fixers.propose import propose
from workers.fixers.registry import Target
from workers.source.tree import MemoryTree

VALUE = "q9X2vB7nK4mZ8wT1"


def _propose(text, line=2, **more):
    finding = Finding(
        tool="hadolint",
        rule="DL3064",
        message="",
        severity=Severity.LOW,
        locations=(Location(path="Dockerfile", region=Region(start_line=line)),),
    )
    return propose(Target(finding=finding, tree=MemoryTree({"Dockerfile": text.encode(), **more})))


@pytest.mark.parametrize(
    "rest", ["", f'RUN get "$APP_SECRET" -k {VALUE[::-1]}\n', "RUN ./x.sh\n", "COPY $APP_SECRET /\n"]
)
@pytest.mark.parametrize("keyword", ["ENV", "ARG"])
def test_a_value_is_masked_and_said_nowhere(keyword, rest):
    proposal = _propose(f"FROM debian:12\n{keyword} APP_SECRET={VALUE}\n{rest}")
    assert VALUE not in (proposal.reason or "")
    for each in proposal.candidates:
        said = " ".join((each.explanation, *each.warnings, *each.declares, *(edit.text for edit in each.edits)))
        assert VALUE not in said
        assert "secret:masked" in each.declares
        assert "Rotate" in said


def test_an_argument_without_a_value_leaves_the_patch_readable():
    for each in _propose('FROM debian:12\nARG APP_SECRET\nRUN get "$APP_SECRET"\n').candidates:
        assert "secret:masked" not in each.declares


def test_it_says_how_the_build_is_called_and_what_that_takes():
    variable, file = _propose('FROM debian:12\nARG APP_SECRET\nRUN get "$APP_SECRET"\n').candidates
    for each in (variable, file):
        assert each.warnings[0].startswith("`--build-arg APP_SECRET=…` becomes `--secret id=APP_SECRET,env=APP_SECRET`")
    assert "1.10" in variable.warnings[-1]
    assert "BuildKit" in file.warnings[-1]


def test_it_says_where_the_container_gets_it():
    (only,) = _propose(f"FROM debian:12\nENV APP_SECRET={VALUE}\n").candidates
    assert only.warnings[0].startswith("give APP_SECRET when the container starts: `docker run --env-file …`")


@pytest.mark.parametrize(
    ("step", "kept"),
    [
        ('echo "k=$APP_SECRET" > /etc/k', True),
        ('echo "k=$APP_SECRET" > /etc/k && use && rm /etc/k', False),
        ("git clone https://$APP_SECRET@example.org/a.git", True),
        ('login "$APP_SECRET" > /dev/null', False),
    ],
)
def test_it_warns_of_a_step_that_leaves_the_value_in_its_layer(step, kept):
    for each in _propose(f"FROM debian:12\nARG APP_SECRET\nRUN {step}\n").candidates:
        assert any("line 3 writes APP_SECRET to a file" in warning for warning in each.warnings) is kept


@pytest.mark.parametrize("line", [2, 3])
def test_what_a_workflow_puts_into_the_image_for_others_stays(line):
    text = "FROM debian:12\nARG API_SECRET\nENV API_SECRET=${API_SECRET}\nCMD serve\n"
    assert _propose(text, line).candidates
    build = b"steps:\n  - uses: docker/build-push-action@v6\n    with:\n"
    build += b"      build-args: |\n        API_SECRET=${{ secrets.S }}\n"
    proposal = _propose(text, line, **{".github/workflows/release.yml": build})
    assert not proposal.candidates
    assert "builds the image with API_SECRET in it" in (proposal.reason or "")
