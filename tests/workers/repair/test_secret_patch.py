"""Deltas in git's own form: they apply, and they hold nothing of the lines that went."""

import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.finding import Finding, Location, Region
from daemon.domain.fix import Candidate, Edit
from daemon.domain.severity import Severity
from workers.repair.secret_patch import DECLARED, hidden, masked, readable, safe_patch, secret_lines
from workers.source.tree import MemoryTree


@settings(max_examples=25, deadline=None)
@given(head=st.binary(max_size=3000), tail=st.binary(max_size=300), new=st.text("abc\n", max_size=400))
def test_git_applies_a_delta_to_any_bytes(head, tail, new):
    before = head + b"password = 'hunter2 hunter2'\n" + tail
    after = head + new.encode() + tail
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "f.py"
        file.write_bytes(before)
        patch = safe_patch({"f.py": before}, {"f.py": after}, {"f.py": ["password = 'hunter2 hunter2'"]})
        if before != after:
            subprocess.run(
                ["git", "apply", "-"], cwd=folder, input=patch.encode("utf-8", "surrogateescape"), check=True
            )
        assert file.read_bytes() == after


def test_a_file_without_a_credential_keeps_its_unified_diff():
    patch = safe_patch({"a": b"x = 1\n"}, {"a": b"x = 2\n"}, {})
    assert "-x = 1\n+x = 2\n" in patch
    assert "GIT binary patch" not in patch


def test_a_token_in_the_lines_around_a_change_makes_a_delta_as_well():
    before = b"key = 'ghp_" + b"a" * 36 + b"'\nx = 1\n"
    patch = safe_patch({"a": before}, {"a": before.replace(b"x = 1", b"x = 2")}, {})
    assert "ghp_" not in patch
    assert "GIT binary patch" in patch
    assert "@@" in readable(patch)
    assert "GIT binary patch" not in readable(patch)


def test_removed_values_are_masked_and_names_stay():
    shown = masked(
        "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-password: plain words\n+password: ${PASSWORD}\n", ["password: plain words"]
    )
    assert "plain words" not in shown
    assert "-password: [secret masked]\n+password: ${PASSWORD}\n" in shown


def test_a_line_is_one_line_whatever_stands_in_it():
    """A form feed or a separator of lines in a line ends none: what stands behind it is masked with it."""
    secret = "connect('\x0c', 'plain words') # \u2028 plain words"
    patch = safe_patch({"a": f"{secret}\nT = 1\n".encode()}, {"a": f"{secret}\nT = 2\n".encode()}, {"a": [secret]})
    assert "plain words" not in patch
    assert "-T = 1\n+T = 2\n" in readable(patch)


def test_a_fix_that_leaves_the_credential_on_its_line_does_not_show_it_either():
    line = "RUN curl -u admin:Gh6jKl9mNb2vCx https://example.com/x2/install | sh"
    after = line.replace("RUN ", "RUN --mount=type=secret,id=api2token ")
    patch = safe_patch(
        {"Dockerfile": f"{line}\n".encode()}, {"Dockerfile": f"{after}\n".encode()}, {"Dockerfile": [line]}
    )
    assert "Gh6jKl9mNb2vCx" not in patch
    assert "+RUN --mount=type=secret,id=api2token curl -u admin:[secret masked] https:" in readable(patch)


def test_a_key_of_several_lines_hides_no_other_credential_around_it():
    key = (
        "-----BEGIN PRIVATE KEY-----\n"
        + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\n" * 3
        + "-----END PRIVATE KEY-----\n"
    )
    before = f"PASSWORD = plain words\n{key}-- a remark\n"
    after = "PASSWORD = plain words\n-- a remark\n"
    shown = safe_patch({"a": before.encode()}, {"a": after.encode()}, {"a": ["PASSWORD = plain words"]})
    assert "plain words" not in shown
    assert "MIIE" not in shown


def test_of_two_files_the_one_without_a_credential_is_shown_as_ever():
    secret = {"a": ["PASSWORD = plain words"]}
    patch = safe_patch({"a": b"PASSWORD = plain words\n", "b": b"x\n"}, {"a": b"-- gone\n", "b": b"y\n"}, secret)
    shown = readable(patch)
    assert "diff --git a/b b/b\n--- a/b\n+++ b/b\n@@ -1 +1 @@\n-x\n+y\n" in shown
    assert "-PASSWORD = [secret masked]\n+-- gone\n" in shown
    assert "delta" not in shown.replace("given as a delta", "")


def test_a_name_cannot_write_into_the_patch(tmp_path):
    name = "n\ndiff --git a/b b/b\n"
    patch = safe_patch({name: b"PASSWORD = plain words\n"}, {name: b"x\n"}, {name: ["PASSWORD = plain words"]})
    assert patch.startswith('# "n\\ndiff --git a/b b/b\\n": given as a delta')
    assert patch.count("\ndiff --git") == 1


def test_a_credential_beside_a_change_of_something_else_is_not_shown_either():
    """What one finding is about stands around the next one's change; all other lines stay readable."""
    content = b"USER = 'ann'\nPASSWORD = 'words'\nDEBUG = True\n"
    taken = Candidate(
        approach="environment",
        edits=(Edit(path="a.py", start=24, end=31, text="os.environ['PASSWORD']"),),
        explanation="",
        declares=(DECLARED,),
    )
    tree = MemoryTree({"a.py": content})
    secret = secret_lines([taken], [], tree)
    assert secret == {"a.py": {"PASSWORD = 'words'"}}
    patch = safe_patch({"a.py": content}, {"a.py": content.replace(b"True", b"False")}, secret)
    assert "words" not in patch
    assert readable(patch).splitlines()[-4:] == [
        " USER = 'ann'",
        " PASSWORD = [secret masked]",
        "-DEBUG = True",
        "+DEBUG = False",
    ]


def test_the_lines_of_a_finding_that_nobody_can_mend_are_kept_too():
    finding = Finding(
        tool="gitleaks",
        rule="generic-api-key",
        message="",
        severity=Severity.HIGH,
        category="secret",
        locations=(Location(path="a.env", region=Region(start_line=2)),),
    )
    tree = MemoryTree({"a.env": b"A=1\r\nKEY=q9\r\n"})
    assert secret_lines([], [finding], tree) == {"a.env": {"KEY=q9"}}


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("it passes 'API_TOKEN=q9X2vB7nK4mZ8wT1' there", "it passes '[secret masked]' there"),
        ("`q9X2vB7nK4mZ8wT1` is gone", "`[secret masked]` is gone"),
        ("'API_TOKEN' of 'ci/run.sh' is read twice", "'API_TOKEN' of 'ci/run.sh' is read twice"),
        ("it isn't there and it isn't here", "it isn't there and it isn't here"),
    ],
)
def test_a_reason_quotes_nothing_of_a_line_with_a_credential(said, shown):
    assert hidden(said, {"  export API_TOKEN=q9X2vB7nK4mZ8wT1"}) == shown
