"""secaid where the packages of its models are not installed."""

import sys
from pathlib import Path

import pytest

from daemon.errors import ModelUnavailable
from workers.index.vectors import open_index
from workers.llm.download import look_up
from workers.packages import INSTALL, model_package


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("faiss", "huggingface_hub"):
        monkeypatch.setitem(sys.modules, name, None)


def test_what_is_installed_is_the_module_itself() -> None:
    assert model_package("huggingface_hub").HfApi


@pytest.mark.usefixtures("without")
def test_an_index_or_a_download_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable) as index:
        open_index(tmp_path, {}, "minilm")
    with pytest.raises(ModelUnavailable) as download:
        look_up("allenai/OLMo-2-0425-1B-Instruct")
    assert INSTALL in str(index.value)
    assert INSTALL in str(download.value)
    assert not list(tmp_path.iterdir())
