"""Settings come from three places in order, and what is wrong is named with a suggestion."""

from pathlib import Path

import pytest

from daemon.errors import SettingsError
from daemon.settings import github_token, load


def write(home: Path, text: str) -> dict[str, str]:
    (home / "config.yaml").write_text(text, encoding="utf-8")
    return {"SECAID_HOME": str(home)}


def test_defaults_alone_are_valid(tmp_path: Path) -> None:
    settings, paths = load({"SECAID_HOME": str(tmp_path)})
    assert settings.poll.interval_seconds == 900
    assert paths.database == tmp_path / "secaid.db"


def test_the_environment_is_above_the_file_which_is_above_the_defaults(tmp_path: Path) -> None:
    environment = write(tmp_path, "poll: {interval_seconds: 60, backfill_days: 3}")
    settings, _ = load(environment | {"SECAID_POLL_INTERVAL_SECONDS": "7"})
    assert (settings.poll.interval_seconds, settings.poll.backfill_days) == (7, 3)


def test_the_names_that_olmo_users_know_are_understood(tmp_path: Path) -> None:
    environment = {"SECAID_HOME": str(tmp_path), "OLMO_BASE_MODELS_DIR": "/models", "OLMO_DEFAULT_BASE_MODEL": "7B"}
    settings, _ = load(environment)
    assert (settings.model.directory, settings.model.base) == ("/models", "7B")


def test_a_text_setting_takes_a_number_as_text(tmp_path: Path) -> None:
    settings, _ = load({"SECAID_HOME": str(tmp_path), "SECAID_MODEL_BASE": "7"})
    assert settings.model.base == "7"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pol: {}", r"config\.yaml: unknown key `pol`; did you mean `poll`\?"),
        ("poll: {interval: 3}", r"unknown key `poll\.interval`; did you mean `interval_seconds`\?"),
        ("poll: {repositories: [{name: a/b, branchs: [x]}]}", r"repositories\[0\]\.branchs`; did you mean `branches`"),
        ("poll: {repositories: [{name: nonsense}]}", r"regex.*at `poll\.repositories"),
        ("poll: {interval_seconds: soon}", r"Expected `int`, got `str` at `poll\.interval_seconds`"),
        ("queue: {lease_seconds: 0}", r"> 0.*queue\.lease_seconds"),
        ("zzzz: 1", r"see config/default\.yaml for the known ones"),
        ("- a", "must hold sections"),
        ("a: [", "cannot be read as YAML"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load(write(tmp_path, text))


def test_an_unknown_variable_is_named_with_its_neighbour(tmp_path: Path) -> None:
    environment = {"SECAID_HOME": str(tmp_path), "SECAID_POLL_INTERVALL_SECONDS": "3"}
    with pytest.raises(
        SettingsError, match=r"SECAID_POLL_INTERVALL_SECONDS.*did you mean `SECAID_POLL_INTERVAL_SECONDS`"
    ):
        load(environment)


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert load(write(tmp_path, ""))[0] == load({"SECAID_HOME": str(tmp_path / "other")})[0]


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(SettingsError, match="cannot be read"):
        load({"SECAID_HOME": str(tmp_path)})


def test_secaids_own_token_comes_before_the_tools_of_github() -> None:
    assert github_token({"GH_TOKEN": "b", "SECAID_GITHUB_TOKEN": "a"}) == "a"
    assert github_token({"GITHUB_TOKEN": " "}) is None
