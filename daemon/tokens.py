"""The GitHub token: from the environment first, then from the system's keychain; never from a file of secaid's."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from typing import Any

import msgspec

from daemon.errors import Unavailable
from daemon.settings import github_token

ENVIRONMENT = "the environment"
"""A source: this process', which is not that of a service."""
_SERVICE = "secaid"
_SECURE = 1.0
"""keyring's own mark: what has less keeps secrets in a plain file, or keeps none."""
_LONGEST = 1000


class Token(msgspec.Struct, frozen=True):
    """A token, and where it was found. Its text is in no representation."""

    value: str
    source: str

    def __repr__(self) -> str:
        return f"Token(source={self.source!r})"


def find_token(api_url: str, environment: Mapping[str, str] | None = None) -> Token | None:
    """The token for this API, if there is one.

    Raises:
        Unavailable: there is a keychain, and it does not open.
    """
    if (value := github_token(environment)) is not None:
        return Token(value, ENVIRONMENT)
    from keyring.errors import KeyringError, NoKeyringError

    backend = _backend()
    try:
        found = backend.get_password(_SERVICE, _account(api_url)) if _is_secure(backend) else None
    except NoKeyringError:
        return None
    except (KeyringError, OSError) as error:
        message = (
            f"the keychain does not open: {error}. Log in at the screen and unlock it, or set SECAID_GITHUB_TOKEN "
            "where secaid runs"
        )
        raise Unavailable(message) from error
    return Token(found, "the keychain") if found else None


def save_token(api_url: str, value: str) -> None:
    """Put the token for this API into the keychain, in place of one that is there.

    Raises:
        Unavailable: there is no keychain to trust, or it does not open.
    """
    value = value.strip()
    if not value or len(value) > _LONGEST or not value.isascii() or not value.isprintable() or " " in value:
        message = "this is no token: give one line of letters and digits, as GitHub shows it"
        raise Unavailable(message)
    from keyring.errors import KeyringError

    backend = _backend()
    if not _is_secure(backend):
        message = "there is no keychain here that keeps a secret: set SECAID_GITHUB_TOKEN where secaid runs instead"
        raise Unavailable(message)
    try:
        backend.set_password(_SERVICE, _account(api_url), value)
    except (KeyringError, OSError) as error:
        message = f"the keychain does not take the token: {error}. Unlock it, or set SECAID_GITHUB_TOKEN"
        raise Unavailable(message) from error


def _backend() -> Any:
    import keyring

    return keyring.get_keyring()


def _is_secure(backend: Any) -> bool:
    return float(backend.priority) >= _SECURE


def _account(api_url: str) -> str:
    """One token for each GitHub: an Enterprise Server's is never shown to another."""
    return urllib.parse.urlsplit(api_url).hostname or api_url
