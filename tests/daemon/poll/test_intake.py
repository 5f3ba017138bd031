"""What a person hands over becomes one zip under its own hash, the same every time."""

import zipfile
from pathlib import Path

import pytest

from daemon.errors import ArtifactRejected
from daemon.poll.intake import artifacts_in, packed


def test_a_folder_is_packed_the_same_way_every_time(tmp_path: Path) -> None:
    hashes = []
    for name in ("one", "two"):
        folder = tmp_path / name / "scan"
        (folder / "sub").mkdir(parents=True)
        (folder / "sub" / "b.json").write_text("{}")
        (folder / "a.sarif").write_text("x")
        with packed(folder, tmp_path / "staging") as artifact, zipfile.ZipFile(artifact.file) as archive:
            assert archive.namelist() == ["a.sarif", "sub/b.json"]
            hashes.append((artifact.name, artifact.sha256))
    assert hashes[0] == hashes[1]
    assert list((tmp_path / "staging").iterdir()) == [], "nothing stays behind"


def test_a_zip_is_kept_byte_for_byte_even_when_it_is_broken(tmp_path: Path) -> None:
    (tmp_path / "artifact.zip").write_bytes(b"not a zip at all")
    with packed(tmp_path / "artifact.zip", tmp_path / "staging") as artifact:
        assert artifact.file.read_bytes() == b"not a zip at all"
        assert (artifact.name, artifact.size) == ("artifact", 16)


def test_links_are_not_taken_along(tmp_path: Path) -> None:
    folder = tmp_path / "scan"
    folder.mkdir()
    (folder / "real.json").write_text("{}")
    (folder / "link.json").symlink_to("/etc/passwd")
    with packed(folder, tmp_path / "staging") as artifact, zipfile.ZipFile(artifact.file) as archive:
        assert archive.namelist() == ["real.json"]


def test_an_empty_folder_is_refused_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArtifactRejected, match="holds no file"), packed(tmp_path / "empty", tmp_path / "staging"):
        pass
    assert list((tmp_path / "staging").iterdir()) == []


def test_a_batch_is_told_from_an_artifact(tmp_path: Path) -> None:
    for name in ("semgrep", "gitleaks.sarif"):
        (tmp_path / name / "deep").mkdir(parents=True)
    (tmp_path / "README.md").write_text("about")
    (tmp_path / "trivy.zip").write_bytes(b"")
    assert [path.name for path in artifacts_in(tmp_path)] == ["gitleaks.sarif", "semgrep", "trivy.zip"]
    (tmp_path / "semgrep" / "report.json").write_text("{}")
    assert artifacts_in(tmp_path / "semgrep") == [tmp_path / "semgrep"]
    assert artifacts_in(tmp_path / "gitleaks.sarif") == [tmp_path / "gitleaks.sarif"]


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ArtifactRejected, match="does not exist"):
        artifacts_in(tmp_path / "missing")
