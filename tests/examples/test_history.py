"""The stream is the history of exactly the service that lies beside it."""

import os
import subprocess
from pathlib import Path

LEFT_BY_TOOLS = {".git", "__pycache__", "node_modules", ".gradle"}


def _files(root: Path) -> dict[str, tuple[bytes, bool]]:
    return {
        path.relative_to(root).as_posix(): (path.read_bytes(), os.access(path, os.X_OK))
        for path in root.rglob("*")
        if path.is_file() and not LEFT_BY_TOOLS.intersection(path.relative_to(root).parts)
    }


def _log(folder: Path, form: str) -> list[str]:
    done = subprocess.run(
        ["git", "-C", str(folder), "log", f"--format={form}"], check=True, capture_output=True, text=True
    )
    return done.stdout.splitlines()


def test_the_last_commits_tree_is_the_service(checkout: tuple[Path, str], examples: Path) -> None:
    folder, _ = checkout
    imported, kept = _files(folder), _files(examples / "orders")
    assert sorted(imported) == sorted(kept)
    assert [name for name in imported if imported[name] != kept[name]] == []


def test_the_readme_names_the_scanned_commit(checkout: tuple[Path, str], examples: Path) -> None:
    _, commit = checkout
    assert f"`{commit}`" in (examples / "README.md").read_text(encoding="utf-8")


def test_the_history_grew_in_several_commits_by_invented_people(checkout: tuple[Path, str]) -> None:
    folder, _ = checkout
    assert len(_log(folder, "%H")) == 9
    assert all(mail.endswith("@shop.invalid") for mail in _log(folder, "%ae%n%ce"))
    stamps = [int(stamp) for stamp in _log(folder, "%ct")]
    assert stamps == sorted(stamps, reverse=True)
