"""The environment comes before the keychain, a keychain before nothing, and a plain file never."""

from __future__ import annotations

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from daemon.errors import Unavailable
from daemon.tokens import find_token, save_token

API = "https://api.github.com"


class Keychain(KeyringBackend):
    """In memory; shut when told so."""

    priority = 5  # type: ignore[assignment]  # keyring wants a class property

    def __init__(self, priority: float = 5, *, shut: bool = False) -> None:
        super().__init__()
        self.priority = priority  # type: ignore[assignment]
        self.kept: dict[tuple[str, str], str] = {}
        self.shut = shut

    def get_password(self, service: str, username: str) -> str | None:
        self._open()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._open()
        self.kept[service, username] = password

    def _open(self) -> None:
        if self.shut:
            raise KeyringLocked("User interaction is not allowed")


@pytest.fixture
def keychain():
    before = keyring.get_keyring()

    def use(**how: object) -> Keychain:
        chain = Keychain(**how)  # type: ignore[arg-type]
        keyring.set_keyring(chain)
        return chain

    yield use
    keyring.set_keyring(before)


def test_the_environment_comes_before_the_keychain(keychain) -> None:
    keychain()
    save_token(API, " kept\n")
    assert find_token(API, {"GH_TOKEN": "given"}).value == "given"
    found = find_token(API, {})
    assert (found.value, found.source) == ("kept", "the keychain")
    assert "kept" not in repr(found)


def test_each_github_has_a_token_of_its_own(keychain) -> None:
    keychain()
    save_token("https://ghe.example/api/v3", "theirs")
    assert find_token(API, {}) is None
    assert find_token("https://ghe.example/api/v3/", {}).value == "theirs"


@pytest.mark.parametrize("priority", [0, 0.5])
def test_a_keychain_that_is_a_plain_file_or_none_is_not_used(keychain, priority: float) -> None:
    chain = keychain(priority=priority)
    chain.kept["secaid", "api.github.com"] = "plain"
    assert find_token(API, {}) is None
    with pytest.raises(Unavailable, match="set SECAID_GITHUB_TOKEN"):
        save_token(API, "x")
    assert "x" not in chain.kept.values()


def test_a_keychain_that_is_shut_says_what_to_do(keychain) -> None:
    keychain(shut=True)
    with pytest.raises(Unavailable, match="Log in at the screen"):
        find_token(API, {})
    with pytest.raises(Unavailable, match="Unlock it"):
        save_token(API, "x")


@pytest.mark.parametrize("value", ["", "  ", "two words", "a\nb", "é" * 40, "a" * 2000, "\x1b[31m"])
def test_what_is_no_token_is_refused_before_it_is_kept(keychain, value: str) -> None:
    chain = keychain()
    with pytest.raises(Unavailable, match="this is no token"):
        save_token(API, value)
    assert chain.kept == {}
