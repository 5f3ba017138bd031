"""Watched folders: what is dropped is ingested once, when it is complete, whatever the events say."""

import threading
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.poll.folder import Folders
from daemon.poll.watch import watched


class Box:
    """A watched folder whose clock is a number."""

    def __init__(self, station, folder):
        self.station, self.folder, self.now = station, folder, 0.0
        folder.mkdir(exist_ok=True)
        self.restart()

    def restart(self):
        here = self.station
        self.folders = Folders(
            here.store, here.storage, here.staging, [str(self.folder)], most_bytes=100_000, steady=lambda: self.now
        )

    def look(self, after=0.0):
        self.now += after
        return self.folders.look()

    def taken(self):
        return [name for (name,) in self.station.rows("SELECT name FROM artifacts ORDER BY id")]

    def jobs(self):
        return self.station.rows("SELECT count(*) FROM jobs")[0][0]


@pytest.fixture
def box(station, tmp_path):
    return Box(station(), tmp_path / "inbox")


def test_a_report_is_taken_once_when_it_has_stood_still(box):
    (box.folder / "trivy.sarif").write_text('{"runs": []}')
    (box.folder / "notes.docx").write_text("no report")
    assert box.look() == 2.0
    assert box.taken() == []
    box.look(after=2.0)
    assert box.taken() == ["trivy"]
    for _ in range(3):
        box.look(after=60)
        box.restart()
    assert (box.taken(), box.jobs()) == (["trivy"], 1)


def test_a_slow_copy_is_waited_for_even_when_it_pauses(box, zipped):
    content = zipped("results.json", b"[]" * 500)
    file = box.folder / "scan.zip"
    for end in (100, 300, len(content) - 5):
        file.write_bytes(content[:end])
        box.look()
        assert box.look(after=30) > 0
        assert box.taken() == []
    file.write_bytes(content)
    box.look()
    box.look(after=2)
    assert box.taken() == ["scan"]


@pytest.mark.parametrize(
    ("name", "whole", "halves"),
    [
        ("a.sarif", b'{"runs": [{"a": {}}, {}]}\n', (b"", b'{"runs": [{"a": {}}', b'{"runs": [{"a": {}}, {}]')),
        ("a.json", b"[[1], [2]]", (b"[", b"[[1]", b"[[1], [2]")),
        ("a.json", "\ufeff[1]".encode(), ("\ufeff[1".encode(),)),
        ("a.json", "[1]".encode("utf-16"), ("[1".encode("utf-16"),)),
        (
            "a.xml",
            b"<?xml version='1.0'?><r><a></a></r>",
            (b"<?xml version='1.0'?><r><a></a>", b"<r><a>", b"<r><a></a></"),
        ),
        ("a.xml", b"<r a='1'/>", (b"<r a='1'",)),
        ("a.json", b'{"a": 1}\n{"b": 2}\n', (b'{"a": 1}\n{"b": ',)),
        ("a.csv", b"a,b\n1,2\n", (b"a,b\n1,",)),
        ("a.jsonl", b'{"a": 1}\n', (b'{"a": 1}',)),
    ],
)
def test_half_a_report_that_ends_like_a_whole_one_is_waited_for(box, name, whole, halves):
    for half in halves:
        (box.folder / name).write_bytes(half)
        box.look()
        assert box.look(after=30) > 0
        assert box.taken() == [], half
    (box.folder / name).write_bytes(whole)
    box.look()
    box.look(after=2)
    assert box.taken() == ["a"]


def test_what_stays_cut_off_is_taken_at_last_so_that_its_analysis_says_so(box):
    (box.folder / "half.json").write_text('{"runs": [')
    box.look()
    box.look(after=500)
    assert box.taken() == []
    box.look(after=101)
    assert box.taken() == ["half"]


def test_a_report_that_is_written_anew_is_a_new_artifact_and_a_touched_one_is_not(box):
    file = box.folder / "report.json"
    file.write_text("[]")
    for changed in (lambda: None, file.touch, lambda: file.write_text("[1]")):
        changed()
        box.look()
        box.look(after=2)
    assert (box.taken(), box.jobs()) == (["report", "report"], 2)


def test_links_and_huge_files_are_not_taken(box):
    (box.folder / "link.json").symlink_to("/etc/passwd")
    (box.folder / "huge.json").write_text("[" + " " * 100_000 + "]")
    box.look()
    assert box.look(after=2) is None
    assert box.taken() == []
    assert box.station.rows("SELECT state FROM watched_files") == [("refused",)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("append"), st.integers(1, 60)),
            st.tuples(st.just("look"), st.sampled_from((0.0, 0.5, 2.0, 30.0))),
            st.tuples(st.just("restart")),
        ),
        max_size=25,
    )
)
def test_in_whatever_order_it_is_written_looked_at_and_restarted_the_whole_file_is_one_artifact(
    steps, new_station, new_github, tmp_path_factory, zipped
):
    folder = tmp_path_factory.mktemp("box")
    here = new_station(folder / "home", new_github())
    try:
        box = Box(here, folder / "inbox")
        content = zipped("results.json", b'{"runs": []}' * 10)
        file, written = box.folder / "scan.zip", 0
        for name, *arguments in steps:
            if name == "append":
                written = min(len(content), written + arguments[0])
                file.write_bytes(content[:written])
            elif name == "look":
                box.look(after=arguments[0])
            else:
                box.restart()
        file.write_bytes(content)
        for _ in range(2):
            box.look(after=2.0)
        ((stored,),) = here.rows("SELECT stored_at FROM artifacts")
        assert box.jobs() == 1
        with zipfile.ZipFile(here.storage.path(stored)) as archive:
            assert archive.testzip() is None
    finally:
        here.close()


@pytest.mark.parametrize("fails", [False, True], ids=["events", "by looking"])
def test_a_dropped_file_wakes_the_poller(tmp_path, monkeypatch, fails):
    if fails:

        def refuse(*_):
            raise OSError("no space left for a watch")

        import watchdog.observers

        monkeypatch.setattr(watchdog.observers, "Observer", refuse)
    woken = threading.Event()
    with watched([tmp_path / "inbox"], woken.set):
        woken.clear()
        (tmp_path / "inbox" / "report.json").write_text("[]")
        assert woken.wait(60)
