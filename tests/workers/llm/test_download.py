import hashlib
import http.server
import json
import re
import threading

import pytest

from daemon.errors import ModelUnavailable, Retryable
from workers.llm.download import download, look_up, repository_of
from workers.llm.licence import licence_of
from workers.llm.mlx import MlxModel
from workers.llm.model import Question

COMMIT = "a" * 40


class Hub(http.server.ThreadingHTTPServer):
    """The parts of a model hub that a download needs, with one model in it."""

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), Answer)
        self.files = files
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.tags = ["license:apache-2.0"]
        self.break_after = 0
        """Bytes of the weights after which a first request is cut off."""
        self.resumed = []
        """Where requests for the weights began that did not begin at the start."""


class Answer(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        name = self.path.rsplit("/", 1)[1].partition("?")[0]
        if self.path.startswith("/api/models/allenai/tiny-olmo2"):
            self.send(self.info(), {"Content-Type": "application/json"})
        elif name in self.server.files:
            self.file(name, self.server.files[name])
        else:
            self.send(b"", {"X-Error-Code": "RepoNotFound"}, status=404)

    def info(self):
        files = [{"rfilename": name, "size": len(content)} for name, content in self.server.files.items()]
        found = {"id": "allenai/tiny-olmo2", "sha": COMMIT, "tags": self.server.tags, "gated": False}
        return json.dumps(found | {"siblings": [*files, {"rfilename": "x.bin", "size": 9}]}).encode()

    def file(self, name, content):
        described = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": COMMIT}
        start = int(match[1]) if (match := re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))) else 0
        if start:
            self.server.resumed.append(start)
        end = self.server.break_after if name.endswith(".safetensors") and not start else 0
        self.send(content[start:], described, end or None, 206 if start else 200)

    def send(self, content, headers, end=None, status=200):
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content[:end])
        self.close_connection = True


@pytest.fixture
def hub(tiny_model):
    with Hub({file.name: file.read_bytes() for file in tiny_model.iterdir()}) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()


def test_a_model_is_fetched_converted_to_four_bits_and_noted(hub, tmp_path):
    told = []
    remote = look_up("allenai/tiny-olmo2", endpoint=hub.url)
    target = tmp_path / "base" / "tiny-olmo2-4bit"
    download(remote, target, endpoint=hub.url, on_bytes=lambda *at: told.append(at))
    assert "x.bin" not in dict(remote.files)
    assert told[-1] == (remote.size, remote.size)
    assert told == sorted(told)
    assert json.loads((target / "config.json").read_text())["quantization"]["bits"] == 4
    assert licence_of(target) == "apache-2.0"
    assert MlxModel(target).complete([Question("Hello?")], max_tokens=3)[0].tokens
    assert [entry.name for entry in target.parent.iterdir()] == [target.name], "nothing is left behind"
    hub.shutdown()
    assert download(remote, target, endpoint=hub.url) == target


def test_a_broken_download_goes_on_where_it_stopped(hub, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 10_000)
    remote = look_up("allenai/tiny-olmo2", endpoint=hub.url)
    hub.break_after = 100_000
    download(remote, tmp_path / "model", endpoint=hub.url)
    assert hub.resumed == [100_000]
    assert (tmp_path / "model" / "config.json").exists()


@pytest.mark.parametrize("tags", [[], ["license:cc-by-nc-4.0"], ["license:llama3"]])
def test_a_model_that_is_not_open_is_refused(hub, tags):
    hub.tags = tags
    with pytest.raises(ModelUnavailable, match="open models only"):
        look_up("allenai/tiny-olmo2", endpoint=hub.url)


def test_an_unknown_model_and_a_hub_out_of_reach_say_so(hub):
    with pytest.raises(ModelUnavailable, match="has no model"):
        look_up("allenai/unknown", endpoint=hub.url)
    with pytest.raises(Retryable, match="could not be reached"):
        look_up("allenai/tiny-olmo2", endpoint="http://127.0.0.1:1")


def test_a_full_disk_is_said_before_anything_is_fetched(hub, tmp_path):
    from workers.llm.download import Remote

    remote = Remote(repository="allenai/huge", commit=COMMIT, licence="mit", files=(("model.safetensors", 2**60),))
    with pytest.raises(ModelUnavailable, match="MiB are free"):
        download(remote, tmp_path / "huge", endpoint=hub.url)


def test_the_repository_behind_a_setting():
    assert repository_of("OLMo-2-0425-1B-Instruct-4bit") == "allenai/OLMo-2-0425-1B-Instruct"
    assert repository_of("someone/model") == "someone/model"
