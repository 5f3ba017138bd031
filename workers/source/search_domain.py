"""Which releases of search domains (Elasticsearch, OpenSearch), and which machines of theirs, AWS encrypts."""

from __future__ import annotations

import re

OLDEST = "1.5"
"""What AWS makes of an Elasticsearch domain that names no version; an OpenSearch domain gets the newest."""
AT_REST, BETWEEN_NODES, LOGS = (5, 1), (6, 0), (5, 1)
"""The first releases of Elasticsearch whose domains AWS encrypts, and has write logs; every OpenSearch is newer."""
_NO_DISKS = re.compile(r"(?:t2|m3|r3)\.")


def older(name: str, version: str, first: tuple[int, int], *, said: bool, what: str = "encrypts this") -> str:
    """Why an Elasticsearch domain of that version cannot have it; empty where it can, or where the version is open."""
    found = re.match(r"(\d+)\.(\d+)", version)
    if found is None or (int(found[1]), int(found[2])) >= first:
        return ""
    has = f"is of Elasticsearch {version}" if said else f"names no version, and so is of Elasticsearch {version}"
    return f"{name} {has}: AWS {what} from {first[0]}.{first[1]} on, so that a newer release comes first"


def machines_cannot(name: str, size: str) -> str:
    """Why machines of that type cannot encrypt their disks; empty where they can."""
    if not _NO_DISKS.match(size):
        return ""
    return f"{name} runs on {size}, which cannot encrypt what it stores: choose a newer type first"
