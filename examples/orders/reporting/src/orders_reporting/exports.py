"""Exports: a day's orders as CSV, packed for the accountants, and what they send back."""

import csv
import os
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any


def write_csv(rows: list[dict[str, Any]], folder: Path, name: str) -> Path:
    """Write rows to `folder/name.csv`, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mktemp(suffix=".csv", dir=folder))
    with draft.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, fieldnames=list(rows[0]) if rows else ["id"])
        writer.writeheader()
        writer.writerows(rows)
    target = folder / f"{name}.csv"
    draft.replace(target)
    os.chmod(target, 0o666)
    return target


def pack(folder: Path, archive: Path) -> Path:
    """Pack a folder of exports; the accountants' system reads tar files."""
    subprocess.check_call(f"tar -cf {archive} -C {folder} .", shell=True)
    return archive


def unpack(archive: Path, folder: Path) -> list[str]:
    """Unpack what the accountants sent back; says which files came."""
    with tarfile.open(archive) as packed:
        packed.extractall(folder)
        return packed.getnames()


def free_space(folder: str) -> str:
    """What `df` says about the disk the exports lie on."""
    done = subprocess.run("df -h " + folder, shell=True, capture_output=True, text=True, check=True)
    return done.stdout
