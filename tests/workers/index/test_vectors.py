import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from workers.index.vectors import Hit, open_index, search, to_bytes

MODEL = "letters"


class Letters:
    """Counts letters: a real, tiny embedding."""

    name = MODEL

    def embed(self, texts):
        rows = np.array([[text.count(letter) for letter in "abcdefgh"] for text in texts], np.float32) + 1e-3
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def vectors():
    texts = {7: "aaa", 11: "bbb", 40: "aab", 2**40: "hhh"}
    rows = Letters().embed(list(texts.values()))
    return {number: to_bytes(row) for number, row in zip(texts, rows, strict=True)}


def test_the_nearest_cases_come_first_under_their_own_ids(tmp_path, vectors):
    index, _ = open_index(tmp_path / "index", vectors, MODEL)
    (hits,) = search(index, Letters(), ["aaaa"], 3)
    assert [hit.id for hit in hits[:2]] == [7, 40]
    assert hits[0].score == pytest.approx(1.0, abs=1e-5)
    assert [hit.id for hit in search(index, Letters(), ["h"], 1)[0]] == [2**40]
    assert len(search(index, Letters(), ["a"], 99)[0]) == 4


def test_a_search_can_be_confined_to_some_cases(tmp_path, vectors):
    index, _ = open_index(tmp_path / "index", vectors, MODEL)
    (hits,) = search(index, Letters(), ["aaab"], 3, among=[11, 2**40])
    assert [hit.id for hit in hits] == [11, 2**40]
    assert search(index, Letters(), ["aaaa", "b"], 3, among=[]) == [[], []]


def test_a_sound_index_is_loaded_and_a_changed_one_rebuilt(tmp_path, vectors):
    folder = tmp_path / "index"
    assert open_index(folder, vectors, MODEL)[1] == "rebuilt: there was none"
    assert open_index(folder, vectors, MODEL)[1] == "loaded"
    del vectors[7]
    index, how = open_index(folder, vectors, MODEL)
    assert (how, len(index)) == ("rebuilt: the cases have changed", 3)
    assert open_index(folder, vectors, "another")[1] == "rebuilt: the cases have changed"
    assert len(list(folder.glob("*.faiss"))) == 1


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 7))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_flipped_bit_anywhere_is_noticed(tmp_path, vectors, place, bit):
    folder = tmp_path / "index"
    open_index(folder, vectors, MODEL)
    file = next(folder.glob("*.faiss"))
    content = bytearray(file.read_bytes())
    content[int(place * len(content))] ^= 1 << bit
    file.write_bytes(content)
    index, how = open_index(folder, vectors, MODEL)
    assert how == "rebuilt: the file was damaged"
    assert search(index, Letters(), ["b"], 1)[0][0].id == 11


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff"])
def test_a_broken_manifest_is_no_index(tmp_path, vectors, content):
    folder = tmp_path / "index"
    open_index(folder, vectors, MODEL)
    (folder / "manifest.json").write_bytes(content)
    assert open_index(folder, vectors, MODEL)[1].startswith("rebuilt: it could not be read")


def test_an_empty_index_finds_nothing(tmp_path):
    index, _ = open_index(tmp_path / "index", {}, MODEL)
    assert (len(index), index.nearest(np.ones(1, np.float32), 3)) == (0, [])


def test_vectors_of_two_models_are_never_compared(tmp_path, vectors):
    index, _ = open_index(tmp_path / "index", vectors, "another")
    with pytest.raises(ValueError, match="rebuild it"):
        search(index, Letters(), ["a"], 1)


def test_a_vector_comes_back_from_its_bytes(tmp_path):
    row = np.array([0.6, 0.8], np.float32)
    index, _ = open_index(tmp_path / "index", {1: to_bytes(row)}, MODEL)
    assert index.nearest(row, 1) == [Hit(1, pytest.approx(1.0))]
