"""`secaid setup` makes everything ready once, and changes nothing the second time."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from daemon import settings
from daemon.errors import Retryable, ScannerUnavailable
from daemon.poll.api import TokenRefused
from workers.commands import prepare
from workers.commands import setup as setting_up
from workers.commands.prepare import _in_tenths
from workers.llm.download import Remote
from workers.verify.scanner import SCANNERS, Tool


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Scanners and models are recorded in place of fetched; what was asked for, in order."""
    asked: list[str] = []

    def install(name: str, folder: Path, say: Callable[[str], None]) -> Tool:
        asked.append(f"{name} in {folder.name}")
        if name == "semgrep":
            raise ScannerUnavailable("semgrep was not installed: no wheel")
        say(f"installing {name}")
        return Tool(name=name, executable=f"/x/{name}", version="1.0")

    remote = Remote(repository="allenai/x", commit="c", licence="apache-2.0", files=(("w", 100 << 20),))

    def download(found: Remote, target: Path, *, on_bytes: Callable[[int, int], None]) -> Path:
        asked.append(f"{found.repository} to {target.relative_to(tmp_path)}")
        for done in range(0, 101, 5):
            on_bytes(done << 20, found.size)
        target.mkdir(parents=True, exist_ok=True)
        (target / "config.json").touch()
        return target

    monkeypatch.setattr(setting_up, "install", install)
    monkeypatch.setattr(prepare, "look_up", lambda _name: remote)
    monkeypatch.setattr(prepare, "download", download)
    return asked


def test_a_scanner_that_needs_java_fails_setup_only_where_it_was_asked_for_by_name(
    run: Callable, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def install(name: str, folder: Path, say: Callable[[str], None]) -> Tool:
        if name == "ktlint":
            raise ScannerUnavailable("ktlint needs java on PATH")
        return Tool(name=name, executable=f"/x/{name}", version="1.0")

    monkeypatch.setattr(setting_up, "install", install)
    every = run("setup", "--scanners", "all")
    assert every.exit_code == 0, every.output
    assert "left out: ktlint needs java" in every.output
    assert run("setup", "--scanners", "ktlint").exit_code == 3


def test_everything_is_made_ready_and_told_and_the_second_time_nothing_is_changed(
    run: Callable, home: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run("setup", "--yes", "--repository", "octo/repo", "--repository", "octo/other")
    assert result.exit_code == 3
    assert "semgrep was not installed: no wheel" in result.stderr
    assert sorted(name.split()[0] for name in made[:-1]) == sorted(SCANNERS.names())
    assert made[-1] == "allenai/x to models/base/OLMo-2-0425-1B-Instruct-4bit"
    assert "allenai/x: 50 of 100 MiB" in result.stderr
    configured, paths = settings.load()
    assert [one.name for one in configured.poll.repositories] == ["octo/repo", "octo/other"]
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert paths.database.exists()
    assert "what is left:" in result.stdout
    before = {file: file.stat().st_mtime_ns for file in home.rglob("config.yaml")}
    assert run("setup", "--yes", "--repository", "octo/repo").exit_code == 3
    assert {file: file.stat().st_mtime_ns for file in home.rglob("config.yaml")} == before
    assert sum("allenai" in one for one in made) == 1, "a model that is there is not fetched"


def test_named_parts_are_made_alone_and_quickly(run: Callable, home: Path, made: list[str]) -> None:
    result = run("setup", "--scanners", "zizmor, bandit", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "done": {"scanner zizmor": "1.0", "scanner bandit": "1.0"},
        "failed": {},
        "report": [],
    }
    assert sorted(made) == ["bandit in scanners", "zizmor in scanners"]
    assert not home.exists()
    assert run("setup", "--scanners", "nonsense").exit_code == 2


def test_a_terminal_is_asked_and_no_means_no(
    run: Callable, home: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setting_up, "_asks", lambda *_: True)
    result = run("setup", typed="octo/repo, octo/two\nn\n" + "n\n" * 5)
    assert [one.name for one in settings.load()[0].poll.repositories] == ["octo/repo", "octo/two"]
    assert "may be a long download" in result.output
    assert not any("allenai" in one for one in made)


def test_a_settings_file_of_the_users_is_never_changed(run: Callable, home: Path, made: list[str]) -> None:
    home.mkdir()
    file = home / "config.yaml"
    file.write_text("# mine\npoll: {interval_seconds: 60}\n")
    result = run("setup", "--yes", "--repository", "octo/repo", "--json")
    assert result.exit_code == 3
    failed = json.loads(result.stdout)["failed"]
    assert "is yours and is not changed" in failed["settings"]
    assert "- {name: octo/repo}" in failed["settings"]
    assert file.read_text().startswith("# mine")


def test_what_is_no_repository_is_refused_and_the_other_steps_go_on(run: Callable, home: Path, made: list[str]) -> None:
    result = run("setup", "--yes", "--repository", "a\nb: [x", "--json")
    found = json.loads(result.stdout)
    assert "is no repository" in found["failed"]["settings"]
    assert "database" in found["done"]
    assert not (home / "config.yaml").exists()


def test_the_settings_file_that_is_written_is_valid_and_explains_itself(run: Callable, home: Path, made) -> None:
    run("setup", "--yes")
    text = (home / "config.yaml").read_text()
    assert yaml.safe_load(text) == {"poll": {"repositories": []}}
    assert "name: owner/name" in text
    uncommented = text.replace(" []\n  #  - name", "\n    - name")
    assert yaml.safe_load(uncommented) == {"poll": {"repositories": [{"name": "owner/name"}]}}


def test_a_hub_out_of_reach_is_told_and_is_exit_3(
    run: Callable, home: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(_name: str) -> Remote:
        raise Retryable("the hub could not be reached. Run `secaid setup` again to go on")

    monkeypatch.setattr(prepare, "look_up", unreachable)
    result = run("setup", "--model", "OLMo-2-0425-1B-Instruct-4bit")
    assert result.exit_code == 3
    assert "again to go on" in result.stderr


def test_progress_is_told_in_tenths_and_not_more() -> None:
    said: list[str] = []
    on_bytes = _in_tenths("model", said.append)
    for done in range(1000):
        on_bytes(done << 20, 1000 << 20)
    on_bytes(1000 << 20, 1000 << 20)
    assert len(said) == 11
    assert said[-1] == "model: 1000 of 1000 MiB"
    _in_tenths("empty", said.append)(0, 0)


TOKEN = "github_pat_" + "t" * 60


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What was asked of GitHub's API, with which token; `refused` holds the paths it does not allow."""
    seen: dict[str, list[str]] = {"asked": [], "tokens": [], "refused": []}

    class Api:
        def __init__(self, token: str, url: str, **_more: object) -> None:
            seen["tokens"].append(token)
            self.url = url

        def get(self, path: str, parameters: dict[str, int]) -> None:
            seen["asked"].append(path)
            if path in seen["refused"]:
                raise TokenRefused(f"GitHub answers 404 to {path}; the token must be allowed (`Actions: read`)")

        def close(self) -> None:
            seen["asked"].append("closed")

    monkeypatch.setattr("daemon.poll.api.Api", Api)
    return seen


@pytest.fixture
def keychain(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    kept: dict[str, str] = {}
    monkeypatch.setattr(prepare, "save_token", kept.__setitem__)
    return kept


def configure(home: Path, *names: str) -> None:
    home.mkdir(mode=0o700, exist_ok=True)
    (home / "config.yaml").write_text(yaml.safe_dump({"poll": {"repositories": [{"name": name} for name in names]}}))


def test_a_token_is_tried_on_every_repository_and_then_kept(run: Callable, home: Path, github, keychain) -> None:
    configure(home, "o/a", "o/b")
    result = run("setup", "--token", typed=f"{TOKEN}\n")
    assert result.exit_code == 0
    assert github["asked"] == ["/repos/o/a/actions/artifacts", "/repos/o/b/actions/artifacts", "closed"]
    assert keychain == {"https://api.github.com": TOKEN}
    assert TOKEN not in result.output


def test_a_token_that_may_not_read_is_told_and_not_kept(run: Callable, home: Path, github, keychain) -> None:
    configure(home, "o/a", "o/b")
    github["refused"].append("/repos/o/b/actions/artifacts")
    result = run("setup", "--token", "--json", typed=f"{TOKEN}\n")
    assert result.exit_code == 3
    assert "o/b: GitHub answers 404" in json.loads(result.stdout)["failed"]["token"]
    assert "o/a" not in json.loads(result.stdout)["failed"]["token"]
    assert keychain == {}
    assert TOKEN not in result.output


def test_a_token_that_could_not_be_tried_is_not_said_to_be_bad(
    run: Callable, home: Path, github, keychain, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object) -> None:
        raise Retryable("GitHub cannot be reached")

    configure(home, "o/a")
    monkeypatch.setattr("daemon.poll.api.Api.get", unreachable)
    result = run("setup", "--token", typed=f"{TOKEN}\n")
    assert result.exit_code == 3
    assert "could not be tried, and a new one is not kept" in result.stderr
    assert keychain == {}


def test_without_repositories_only_its_validity_is_tried(run: Callable, home: Path, github, keychain) -> None:
    assert run("setup", "--token", typed=TOKEN).exit_code == 0
    assert github["asked"][0] == "/rate_limit"


def test_no_token_is_told_with_what_to_make(run: Callable, home: Path, github, keychain, made: list[str]) -> None:
    result = run("setup", "--yes", "--repository", "o/a", "--json")
    assert "`Actions: read`" in json.loads(result.stdout)["failed"]["token"]
    assert github["asked"] == []


def test_the_environments_token_is_tried_and_stays_there(
    run: Callable, home: Path, github, keychain, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_TOKEN", TOKEN)
    result = run("setup", "--yes", "--repository", "o/a", "--json")
    assert json.loads(result.stdout)["done"]["token"] == "in the environment, tried on o/a"
    assert github["tokens"] == [TOKEN]
    assert keychain == {}
    found = {one["name"]: one for one in json.loads(result.stdout)["report"]}
    assert found["github token"]["health"] == "ok"
    assert TOKEN not in result.output + (home / "config.yaml").read_text()
