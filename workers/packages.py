"""The packages of the extra `models`: what analysis, retrieval and training need, and fixes do without."""

from __future__ import annotations

import importlib
from typing import Any

from daemon.errors import ModelUnavailable

INSTALL = "pip install 'secaid[models]'"
"""Brings them all, into the environment that secaid is in."""


def model_package(name: str) -> Any:
    """The module of that name.

    Raises:
        ModelUnavailable: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        message = f"{name} cannot be loaded: {error}. `{INSTALL}` brings what models need"
        raise ModelUnavailable(message) from error
