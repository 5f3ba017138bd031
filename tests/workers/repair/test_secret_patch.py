"""Deltas in git's own form: they apply, and they hold nothing of the lines that went."""

import subprocess
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from workers.repair.secret_patch import masked, readable, safe_patch


@settings(max_examples=25, deadline=None)
@given(head=st.binary(max_size=3000), tail=st.binary(max_size=300), new=st.text("abc\n", max_size=400))
def test_git_applies_a_delta_to_any_bytes(head, tail, new):
    before = head + b"password = 'hunter2 hunter2'\n" + tail
    after = head + new.encode() + tail
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "f.py"
        file.write_bytes(before)
        patch = safe_patch({"f.py": before}, {"f.py": after}, {"f.py"})
        if before != after:
            subprocess.run(
                ["git", "apply", "-"], cwd=folder, input=patch.encode("utf-8", "surrogateescape"), check=True
            )
        assert file.read_bytes() == after


def test_a_file_without_a_credential_keeps_its_unified_diff():
    patch = safe_patch({"a": b"x = 1\n"}, {"a": b"x = 2\n"}, ())
    assert "-x = 1\n+x = 2\n" in patch
    assert "GIT binary patch" not in patch


def test_a_token_in_the_lines_around_a_change_makes_a_delta_as_well():
    before = b"key = 'ghp_" + b"a" * 36 + b"'\nx = 1\n"
    patch = safe_patch({"a": before}, {"a": before.replace(b"x = 1", b"x = 2")}, ())
    assert "ghp_" not in patch
    assert "GIT binary patch" in patch
    assert "@@" in readable(patch)
    assert "GIT binary patch" not in readable(patch)


def test_removed_values_are_masked_and_names_stay():
    shown = masked("--- a/f\n+++ b/f\n@@ -1 +1 @@\n-password: plain words\n+password: ${PASSWORD}\n", removed=True)
    assert "plain words" not in shown
    assert "-password: [secret masked]\n+password: ${PASSWORD}\n" in shown
