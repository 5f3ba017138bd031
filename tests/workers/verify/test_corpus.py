"""The verifier on fixes known to be wrong and known to be right: one batch, every scanner started for all of them."""

import importlib.util
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("corpus_reader", Path(__file__).parent / "conftest.py")
