"""Finds the data files that travel with secaid, in a checkout or in a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource(*parts: str) -> Path:
    """The path of a shipped file or folder, e.g. `resource("config", "default.yaml")`.

    Raises:
        FileNotFoundError: this installation lacks it; reinstall secaid.
    """
    for root in (_PACKAGE.parent, _PACKAGE / "_data"):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    message = f"{'/'.join(parts)} is missing from this installation of secaid: install it again"
    raise FileNotFoundError(message)
