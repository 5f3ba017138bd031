"""Whatever bytes come as an archive: its files, or a refusal. Never a crash, never too much, never a byte on disk."""

import os
import warnings
import zipfile
from io import BytesIO

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.errors import ArtifactRejected
from daemon.poll.intake import packed
from daemon.settings import load
from workers.source.archive import members

CASES = int(os.environ.get("FUZZ_CASES", "300"))
LIMITS = msgspec.structs.replace(
    load({"SECAID_HOME": "/nonexistent"})[0].limits, archive_bytes=200_000, archive_files=20, report_bytes=100_000
)
NAMES = (
    "a.json",
    "../a",
    "/etc/x",
    "d/",
    "C:x",
    "a\\b",
    "a.json",
    ".",
    "n\0l",
    "\ud800".encode("utf-8", "surrogatepass").hex(),
)
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)

entry = st.tuples(
    st.one_of(st.sampled_from(NAMES), st.text(min_size=1, max_size=12)),
    st.one_of(st.binary(max_size=200), st.integers(0, 3_000_000).map(bytes)),
    st.sampled_from(METHODS),
    st.sampled_from((0, 0o120777 << 16, 0o100644 << 16, 0xFFFFFFFF)),
)
change = st.tuples(st.integers(0, 1 << 20), st.sampled_from(("set", "cut", "insert", "repeat")), st.binary(max_size=8))


def archive_of(entries):
    buffer = BytesIO()
    # The same name twice is what a hostile archive may hold.
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(buffer, "w") as archive:
        for name, content, method, attributes in entries:
            info = zipfile.ZipInfo(name.encode("utf-8", "ignore").decode() or "x")
            info.compress_type, info.external_attr = method, attributes
            archive.writestr(info, content)
    return buffer.getvalue()


def damaged(content, changes):
    made = bytearray(content)
    for at, how, more in changes:
        at %= len(made) + 1
        if how == "cut":
            del made[at:]
        elif how == "insert":
            made[at:at] = more
        elif how == "repeat":
            made += made[at : at + 100]
        else:
            made[at : at + len(more)] = more
    return bytes(made)


hostile = st.one_of(
    st.binary(max_size=300),
    st.builds(damaged, st.lists(entry, max_size=4).map(archive_of), st.lists(change, max_size=5)),
)


@given(content=hostile)
@settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_bytes_are_read_within_the_bounds_or_refused(content, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    path = folder / "artifact.zip"
    path.write_bytes(content)
    total = 0
    try:
        for member in members(path, LIMITS):
            total += len(member.content)
            assert len(member.content) <= LIMITS.report_bytes
            assert not member.path.startswith("/")
            assert ".." not in member.path.split("/")
    except ArtifactRejected:
        pass
    assert total <= LIMITS.archive_bytes
    assert list(folder.iterdir()) == [path]


@given(content=hostile, name=st.sampled_from(("a.zip", "a.json", "a.sarif", "a", "a.ZIP")))
@settings(max_examples=CASES // 3, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_bytes_are_packed_inside_the_staging_folder_and_nothing_stays(content, name, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / name).write_bytes(content)
    try:
        with packed(folder / name, folder / "staging") as artifact:
            assert artifact.file.parent == folder / "staging"
            assert {one for one in folder.rglob("*") if one.is_file()} == {folder / name, artifact.file}
    except ArtifactRejected:
        pass
    assert list((folder / "staging").iterdir()) == []
