"""Hostile archives are refused with a reason; sound ones give exactly their files."""

import io
import stat
import zipfile
from pathlib import Path

import msgspec
import pytest

from daemon.errors import ArtifactRejected
from daemon.settings import Limits, load
from workers.source.archive import members


@pytest.fixture
def limits() -> Limits:
    return load({"SECAID_HOME": "/nonexistent"})[0].limits


NO_NAME = b"PK\x01\x02" + b"\0" * 42 + b"PK\x05\x06" + b"\0" * 8 + b"." + b"\0" * 9
"""A directory with one member whose name is empty."""


def write(path: Path, files: dict[str, bytes], *, link: str | None = None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        if link is not None:
            entry = zipfile.ZipInfo(link)
            entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(entry, "/etc/passwd")
    return path


def test_an_archive_without_files_is_no_clean_scan(tmp_path, limits):
    with pytest.raises(ArtifactRejected, match="scan-7 holds no file"):
        list(members(write(tmp_path / "a.zip", {}), limits, "scan-7"))


def test_files_come_out_whole_and_folders_are_skipped(tmp_path: Path, limits: Limits) -> None:
    archive = write(tmp_path / "a.zip", {"reports/": b"", "reports/a.json": b"{}", "b.sarif": b"x" * 70_000})
    assert [(m.path, len(m.content)) for m in members(archive, limits)] == [("reports/a.json", 2), ("b.sarif", 70_000)]


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a/../../b", "C:\\x", "a\\..\\b", "C:x", "tab\tname", "."])
def test_a_path_that_leaves_the_archive_is_refused(tmp_path: Path, limits: Limits, name: str) -> None:
    with pytest.raises(ArtifactRejected, match="outside of the archive"):
        list(members(write(tmp_path / "a.zip", {name: b"x"}), limits))


def test_a_member_without_a_name_is_refused(tmp_path: Path, limits: Limits) -> None:
    archive = tmp_path / "a.zip"
    archive.write_bytes(NO_NAME)
    with pytest.raises(ArtifactRejected, match="outside of the archive"):
        list(members(archive, limits))


def test_a_link_is_refused(tmp_path: Path, limits: Limits) -> None:
    with pytest.raises(ArtifactRejected, match="link"):
        list(members(write(tmp_path / "a.zip", {}, link="report.json"), limits))


def test_a_bomb_is_refused_by_its_real_ratio(tmp_path: Path, limits: Limits) -> None:
    with pytest.raises(ArtifactRejected, match="archive_ratio"):
        list(members(write(tmp_path / "a.zip", {"bomb": b"\0" * 20_000_000}), limits))


def test_sizes_are_measured_not_believed(tmp_path: Path, limits: Limits) -> None:
    small = msgspec.structs.replace(limits, report_bytes=1000)
    with pytest.raises(ArtifactRejected, match="limit of 1000 bytes"):
        list(members(write(tmp_path / "a.zip", {"a": bytes(range(256)) * 8}), small))


def test_all_files_together_have_a_bound(tmp_path: Path, limits: Limits) -> None:
    small = msgspec.structs.replace(limits, archive_bytes=1500)
    with pytest.raises(ArtifactRejected, match="archive_bytes"):
        list(members(write(tmp_path / "a.zip", {"a": b"x" * 1000, "b": b"y" * 1000}), small))


def test_too_many_files_are_refused_before_any_is_read(tmp_path: Path, limits: Limits) -> None:
    small = msgspec.structs.replace(limits, archive_files=2)
    with pytest.raises(ArtifactRejected, match="holds 3 files"):
        next(members(write(tmp_path / "a.zip", dict.fromkeys("abc", b"")), small))


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04" + b"\0" * 40])
def test_what_is_not_a_zip_is_refused(tmp_path: Path, limits: Limits, content: bytes) -> None:
    archive = tmp_path / "a.zip"
    archive.write_bytes(content)
    with pytest.raises(ArtifactRejected, match=r"a\.zip is not a sound zip"):
        list(members(archive, limits))


def test_a_truncated_or_corrupt_archive_is_refused(tmp_path: Path, limits: Limits) -> None:
    whole = write(tmp_path / "a.zip", {"a": bytes(range(256)) * 40}).read_bytes()
    for position in range(0, len(whole), 37):
        for damaged in (whole[:position], whole[:position] + b"\xff\xff" + whole[position + 2 :]):
            archive = tmp_path / "damaged.zip"
            archive.write_bytes(damaged)
            try:
                found = {m.path: m.content for m in members(archive, limits)}
            except ArtifactRejected:
                continue
            assert set(found.values()) <= {bytes(range(256)) * 40}


def test_a_name_that_stands_twice_is_refused(tmp_path: Path, limits: Limits) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a", b"2")
    (tmp_path / "a.zip").write_bytes(buffer.getvalue())
    with pytest.raises(ArtifactRejected, match="twice"):
        list(members(tmp_path / "a.zip", limits))


def test_a_method_whose_memory_the_archive_chooses_is_refused(tmp_path: Path, limits: Limits) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_LZMA) as written:
        written.writestr("a.json", b"{}")
    with pytest.raises(ArtifactRejected, match="by method 14: pack it with deflate"):
        list(members(archive, limits))
