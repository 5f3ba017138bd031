"""The service is a real one: what can run here runs, and its weaknesses are the common ones."""

import ast
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml


def test_the_reporting_tools_own_tests_pass(examples: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-B", "-m", "unittest", "discover", "-s", "tests"],
        cwd=examples / "orders" / "reporting",
        env={**os.environ, "PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "Ran 14 tests" in done.stderr


def test_every_structured_file_parses(examples: Path) -> None:
    root = examples / "orders"
    parsers: dict[str, Callable[[str], Any]] = {
        ".yml": lambda text: list(yaml.safe_load_all(text)),
        ".json": json.loads,
        ".toml": tomllib.loads,
        ".py": ast.parse,
    }
    parsers[".yaml"] = parsers[".yml"]
    parsed = 0
    for path in root.rglob("*"):
        if path.suffix in parsers and "node_modules" not in path.parts:
            assert parsers[path.suffix](path.read_text(encoding="utf-8")), path
            parsed += 1
    assert parsed >= 30


def test_the_lockfile_names_no_registry_and_locks_what_the_manifest_asks_for(examples: Path) -> None:
    gateway = examples / "orders" / "gateway"
    lock = json.loads((gateway / "package-lock.json").read_text(encoding="utf-8"))
    manifest = json.loads((gateway / "package.json").read_text(encoding="utf-8"))
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]
    for name, version in {**manifest["dependencies"], **manifest["devDependencies"]}.items():
        assert lock["packages"][f"node_modules/{name}"]["version"] == version
