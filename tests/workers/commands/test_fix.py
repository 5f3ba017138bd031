"""`secaid fix` as a person runs it: a folder in, patches and files out, with the real scanners of that folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from daemon.errors import EditConflict, SourceUnavailable
from workers.commands.backup import Backups
from workers.commands.fix import fix
from workers.commands.interrupt import Interrupted, interruptible, undisturbed
from workers.commands.walk import ListedTree

INSTALLED = Path(".secaid/scanners").absolute()
SECRET = "hunter2-B4ttery-9x"
MODULE = f'''import subprocess

import yaml

PASSWORD = "{SECRET}"


def build(target):
    subprocess.run(f"make {{target}}", shell=True, check=True)


def load(stream):
    return yaml.load(stream, Loader=yaml.Loader)
'''
pytestmark = [
    pytest.mark.scanner("bandit"),
    pytest.mark.skipif(not (INSTALLED / "bandit").exists(), reason="bandit is not installed: run `make all-scanners`"),
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "app.py").write_text(MODULE)
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    return folder


@pytest.fixture
def run(monkeypatch, tmp_path: Path):
    """The command with bandit alone, in a home of its own."""
    monkeypatch.setenv("SECAID_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SECAID_VERIFICATION_SCANNERS", str(INSTALLED))

    def call(folder: Path, *arguments: str) -> Result:
        return CliRunner().invoke(fix, [str(folder), "--scanner", "bandit", *arguments])

    return call


def test_it_needs_no_package_of_the_models(run, project):
    """A hook or a CI step installs secaid without them."""
    absent = ("mlx", "mlx_lm", "faiss", "numpy", "torch", "sentence_transformers", "huggingface_hub", "llguidance")
    program = f"import sys; sys.modules.update(dict.fromkeys({absent})); from daemon.cli.main import main; main()"
    arguments = ["fix", str(project), "--scanner", "bandit", "--json", "--quiet"]
    ended = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, check=False)
    assert ended.returncode == 1, ended.stderr.decode()
    assert json.loads(ended.stdout)["summary"] == json.loads(run(project, "--json", "--quiet").stdout)["summary"]


def test_every_patch_applies_at_the_root_and_shows_no_credential(run, project):
    """Git takes each, also the one that removes a credential, and nothing printed holds it."""
    result = run(project, "--json", "--quiet")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert SECRET not in result.stdout
    patches = [one["patch"] for finding in document["findings"] for one in finding["fixes"] if one["verified"]]
    assert len(patches) >= 3
    for patch in patches:
        subprocess.run(["git", "apply", "--check", "-"], cwd=project, input=patch.encode(), check=True)
    removing = [patch for patch in patches if "GIT binary patch" in patch]
    assert removing
    subprocess.run(["git", "apply", "-"], cwd=project, input=removing[0].encode(), check=True)
    assert SECRET not in (project / "app.py").read_text()


@pytest.mark.parametrize("here", [".", "sub dir"])
def test_git_applies_the_patch_of_a_folder_of_the_repository_wherever_it_is_called(run, project, tmp_path, here):
    """Git passes over, unsaid, what a patch names by another folder than the root."""
    (project / "sub dir").mkdir()
    (project / "app.py").rename(project / "sub dir" / "app.py")
    patch = tmp_path / "p"
    run(project / "sub dir", "--only", "B506", "--patch", str(patch), "--quiet")
    listed = json.loads(run(project / "sub dir", "--only", "B506", "--json", "--quiet").stdout)
    assert "+++ b/sub dir/app.py" in listed["findings"][0]["fixes"][0]["patch"]
    subprocess.run(["git", "apply", str(patch)], cwd=project / here, check=True)
    assert "yaml.load(stream, Loader=yaml.Loader)" not in (project / "sub dir" / "app.py").read_text()


def test_a_second_run_says_the_same_without_a_scanner_and_no_credential_is_kept(run, project, tmp_path):
    first = run(project, "--json")
    second = run(project, "--json")
    assert second.stdout == first.stdout
    assert "patched files read" in first.stderr
    assert "files read" not in second.stderr
    kept = [file for file in (tmp_path / "home" / "cache").rglob("*") if file.is_file()]
    assert kept
    assert not any(SECRET.encode() in file.read_bytes() for file in kept)


def test_the_text_groups_by_file_shows_diffs_and_masks_the_credential(run, project):
    result = run(project)
    assert "app.py" in result.stdout
    assert "+    return yaml.safe_load(stream)" in result.stdout
    assert "with a verified fix" in result.stdout
    assert "looking for fixes" in result.stderr
    assert SECRET not in result.output


def test_the_text_names_each_other_file_that_a_fix_changes(run, project):
    (project / "app.py").write_text(
        "import xml.etree.ElementTree as ET\n\n\ndef read(path):\n    return ET.parse(path)\n"
    )
    (project / "requirements.txt").write_text("requests==2.32.3\n")
    shown = [line.strip() for line in run(project, "--only", "B314").stdout.splitlines()]
    added = next(number for number, line in enumerate(shown) if line.startswith("+defusedxml"))
    assert shown[added - 2] == "requirements.txt"


def test_apply_writes_a_set_that_holds_together_a_second_run_changes_nothing_and_undo_restores(run, project):
    first = run(project, "--apply", "--only", "B506", "--only", "B602", "--quiet")
    fixed = (project / "app.py").read_text()
    assert first.exit_code == 0, first.output
    assert "yaml.safe_load(stream)" in fixed
    assert "shell=True" not in fixed
    assert "Fixed in one file, none of the findings asked for is left." in first.stdout
    second = run(project, "--apply", "--only", "B506", "--only", "B602", "--quiet", "--json")
    assert second.exit_code == 0
    assert json.loads(second.stdout)["applied"] == {"files": [], "findings_left": 0}
    assert (project / "app.py").read_text() == fixed
    assert run(project, "--undo").exit_code == 0
    assert (project / "app.py").read_text() == MODULE


def test_undo_refuses_where_a_file_was_changed_since(run, project):
    run(project, "--apply", "--only", "B506", "--quiet")
    (project / "app.py").write_text("x = 1\n")
    result = run(project, "--undo")
    assert result.exit_code == 1
    assert (project / "app.py").read_text() == "x = 1\n"


def test_undo_restores_what_a_kill_left_half_applied(run, project):
    """The backup is whole before the first file is written; a kill may come before the last."""
    (project / "b.py").write_text(MODULE)
    run(project, "--apply", "--only", "B506", "--quiet")
    assert (project / "app.py").read_text() != MODULE
    (project / "b.py").write_text(MODULE)
    result = run(project, "--undo")
    assert result.exit_code == 0, result.output
    assert {name: (project / name).read_text() for name in ("app.py", "b.py")} == {"app.py": MODULE, "b.py": MODULE}


def test_a_half_written_file_that_a_kill_left_goes_with_the_next_apply_and_with_undo(run, project):
    """Its name is in the backup, so nobody else's file is taken for it."""
    mine = project / ".secaid-mine"
    mine.write_text("mine")
    run(project, "--apply", "--only", "B506", "--quiet")
    [backup] = (project.parent / "home").rglob("undo/*/*.msgpack")
    left = project / msgspec.msgpack.decode(backup.read_bytes())["aside"]
    for arguments in (("--apply", "--only", "B506", "--quiet"), ("--undo",)):
        left.write_text(MODULE[:9])
        assert run(project, *arguments).exit_code == 0
        assert not left.exists()
    assert mine.read_text() == "mine"


def test_a_write_protected_file_is_left_alone_and_named_and_stops_no_other(run, project):
    (project / "b.py").write_text(MODULE)
    (project / "b.py").chmod(0o444)
    result = run(project, "--apply", "--only", "B506", "--quiet")
    assert result.exit_code == 1
    assert "no fix: b.py is write-protected: `chmod u+w` it first" in result.stdout
    assert "Fixed in one file, one finding left" in result.stdout
    assert "safe_load" in (project / "app.py").read_text()
    assert (project / "b.py").read_text() == MODULE
    assert run(project, "--undo").exit_code == 0
    assert (project / "app.py").read_text() == MODULE


def test_a_file_that_cannot_be_written_stops_the_whole_set_and_there_is_nothing_to_undo(project, tmp_path):
    (project / "b.py").write_text(MODULE)
    tree = ListedTree(project)
    tree.read("app.py")
    (project / "b.py").chmod(0o444)
    backups = Backups(tmp_path / "backups", project)
    with pytest.raises(SourceUnavailable, match=r"b\.py cannot be written \(it is write-protected"):
        backups.write(tree, {"app.py": b"fixed\n", "b.py": b"fixed\n"})
    assert (project / "app.py").read_text() == MODULE
    assert sorted(path.name for path in project.iterdir()) == [".git", "app.py", "b.py"]
    with pytest.raises(SourceUnavailable, match="nothing to undo"):
        backups.undo()


def test_where_undo_refuses_the_files_as_they_were_can_be_read(run, project):
    run(project, "--apply", "--only", "B506", "--quiet")
    (project / "app.py").write_text("# mine\n")
    said = run(project, "--undo").stderr
    folder = Path(said.rstrip().rpartition(" lie in ")[2])
    assert (folder / "app.py").read_text() == MODULE
    assert (folder / "app.py").stat().st_mode & 0o777 == 0o600


def test_names_and_messages_neither_steer_the_terminal_nor_break_the_command_shown(run, project):
    odd = project.with_name("two words")
    project.rename(odd)
    (odd / "app.py").rename(odd / "a\x1b[31m.py")
    said = run(odd, "--apply", "--only", "B506", "--quiet")
    assert f"secaid fix '{odd}' --undo" in said.stdout.replace("\n", " ")
    (odd / "a\x1b[31m.py").write_text("# mine\n")
    refused = run(odd, "--undo")
    assert refused.exit_code == 1
    assert "\x1b" not in said.stdout + refused.stderr


def test_a_file_to_write_into_no_folder_is_refused_before_anything_is_scanned(run, project):
    for option in ("--patch", "--sarif"):
        result = run(project, option, str(project / "nowhere" / "file"))
        assert (result.exit_code, "scanning" in result.stderr) == (2, False)
        assert f"to write {option} into" in result.stderr


def test_what_is_left_is_said_of_what_was_asked_for(run, project):
    said = run(project, "--apply", "--only", "B506", "--quiet").stdout
    assert "One finding, with a verified fix in several approaches" in said
    assert "Fixed in one file, none of the findings asked for is left" in said


def test_what_a_person_types_while_fixes_are_looked_for_is_never_written_over(tmp_path):
    (tmp_path / "a.py").write_text("as it was\n")
    tree = ListedTree(tmp_path)
    tree.read("a.py")
    (tmp_path / "a.py").write_text("as it is now\n")
    with pytest.raises(EditConflict, match="changed while"):
        Backups(tmp_path / "backups", tmp_path).write(tree, {"a.py": b"fixed\n"})
    assert (tmp_path / "a.py").read_text() == "as it is now\n"


def test_signals_wait_for_the_end_of_a_write_and_end_the_command_after_it():
    done = []

    def write():
        with interruptible(), undisturbed():
            signal.raise_signal(signal.SIGTERM)
            done.append("written")

    with pytest.raises(Interrupted) as raised:
        write()
    assert done == ["written"]
    assert raised.value.status == 143


def test_what_nobody_looked_at_is_said_in_text_in_json_and_in_sarif(run, tmp_path):
    odd = tmp_path / "odd"
    (odd / "own").mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", str(odd)], check=True)
    subprocess.run(["git", "init", "--quiet", str(odd / "own")], check=True)
    (odd / "huge.py").write_bytes(b"x = 1\n" * 800_000)
    (odd / "co:lon.py").write_text(MODULE)
    (odd / "link.py").symlink_to(tmp_path / "elsewhere.py")
    (odd / "broken.py").write_text("def (:\n")
    expected = {"huge.py", "co:lon.py", "link.py", "broken.py", "own"}
    result = run(odd)
    assert result.exit_code == 0
    assert "Not looked at" in result.stdout
    assert all(name in result.stdout for name in expected)
    document = json.loads(run(odd, "--json", "--quiet").stdout)
    assert {one["path"] for one in document["not_scanned"]} == expected
    log = json.loads(run(odd, "--sarif", "-", "--quiet").stdout)
    said = log["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert len(said) == len(expected)


def test_a_name_that_is_no_text_is_told_and_does_not_spoil_the_others(run, project):
    try:
        (project / os.fsdecode(b"caf\xe9.py")).write_text(MODULE)
    except OSError:
        pytest.skip("this file system takes no such name")
    document = json.loads(run(project, "--json", "--quiet", "--only", "B506").stdout)
    assert [one["path"] for one in document["not_scanned"]] == ["caf\\xe9.py"]
    assert [one["path"] for one in document["findings"]] == ["app.py"]


def test_nothing_found_is_not_said_of_what_was_not_asked_for_nor_of_an_empty_folder(run, project, tmp_path):
    assert "None of the" in run(project, "--only", "B999", "--quiet").stdout
    (tmp_path / "empty").mkdir()
    assert "Nothing was looked at" in run(tmp_path / "empty", "--quiet").stdout


def test_a_scanner_that_never_ran_is_no_clean_answer(run, tmp_path, monkeypatch):
    """Exit 0 would tell a build that there is nothing."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text("x = 1\n")
    broken = tmp_path / "scanners" / "bandit" / "bin" / "bandit"
    broken.parent.mkdir(parents=True)
    broken.write_text("#!/bin/sh\necho 'bandit 1.9.4'\ntest \"$1\" = --version\n")
    broken.chmod(0o755)
    monkeypatch.setenv("SECAID_VERIFICATION_SCANNERS", str(tmp_path / "scanners"))
    result = run(tmp_path / "code", "--quiet")
    assert result.exit_code == 3
    assert "scanner failed: bandit" in result.stdout


def test_the_options_choose_findings_and_approaches(run, project):
    chosen = json.loads(run(project, "--json", "--quiet", "--only", "B506", "--approach", "safe-load*").stdout)
    assert {finding["rule"] for finding in chosen["findings"]} == {"B506"}
    assert all(one["approach"].startswith("safe-load") for finding in chosen["findings"] for one in finding["fixes"])
    severe = json.loads(run(project, "--json", "--quiet", "--min-severity", "high").stdout)
    assert {finding["severity"] for finding in severe["findings"]} <= {"high", "critical"}
    assert "B506" not in run(project, "--json", "--quiet", "--exclude", "bandit:B5*").stdout


def test_applying_the_sarif_fixes_by_their_regions_gives_what_the_patch_gives(run, project, tmp_path):
    target = tmp_path / "fixes.sarif"
    run(project, "--only", "B506", "--sarif", str(target), "--quiet")
    log = json.loads(target.read_text())
    [result] = log["runs"][0]["results"]
    assert log["version"] == "2.1.0"
    assert log["runs"][0]["tool"]["driver"]["rules"][0]["id"] == result["ruleId"]
    lines = MODULE.splitlines(keepends=True)
    [change] = result["fixes"][0]["artifactChanges"]
    for replacement in reversed(change["replacements"]):
        region = replacement["deletedRegion"]
        start = sum(len(line) for line in lines[: region["startLine"] - 1]) + region["startColumn"] - 1
        end = sum(len(line) for line in lines[: region["endLine"] - 1]) + region["endColumn"] - 1
        lines = (("".join(lines))[:start] + replacement["insertedContent"]["text"] + ("".join(lines))[end:]).splitlines(
            keepends=True
        )
    assert "safe_load" in "".join(lines) or "SafeLoader" in "".join(lines)
    compile("".join(lines), "app.py", "exec")


def test_a_clean_folder_ends_with_zero(run, tmp_path):
    clean = tmp_path / "clean"
    clean.mkdir()
    (clean / "app.py").write_text("print(1)\n")
    assert run(clean).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("--scanner", "nobody"), 2),
        (("--level", "L4"), 2),
        (("--test-command", "true"), 2),
        (("--json", "--patch", "-"), 2),
        (("--undo", "--apply"), 2),
        (("--min-severity", "terrible"), 2),
    ],
)
def test_wrong_usage_ends_with_two_and_says_what_to_do(run, project, arguments, status):
    result = run(project, *arguments)
    assert result.exit_code == status
    assert len(result.stderr) > 20


def test_a_pipe_is_written_to_and_never_replaced(run, project, tmp_path):
    """A rename onto a device or a pipe would take it away from everybody."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    run(project, "--only", "B506", "--patch", str(pipe), "--quiet")
    patch, _ = reader.communicate(timeout=60)
    assert pipe.is_fifo()
    assert b"safe_load" in patch


def test_links_large_files_and_other_encodings_are_left_alone(run, project, tmp_path):
    outside = tmp_path / "outside.py"
    outside.write_text(MODULE)
    (project / "link.py").symlink_to(outside)
    (project / "latin.py").write_bytes(b"# caf\xe9\nimport yaml\nyaml.load(open('x'), Loader=yaml.Loader)\n")
    (project / "huge.py").write_bytes(b"x = 1\n" * 2_000_000)
    result = run(project, "--apply", "--only", "B506", "--quiet")
    assert result.exit_code in {0, 1}, result.output
    assert outside.read_text() == MODULE
    assert (project / "latin.py").read_bytes().startswith(b"# caf\xe9\n")
    assert "safe_load" in (project / "app.py").read_text()
