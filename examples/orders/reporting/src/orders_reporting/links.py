"""Links to reports that can be passed on, and the names their files get."""

import hashlib
import random
import string

ALPHABET = string.ascii_letters + string.digits


def share_token(length: int = 24) -> str:
    """The unguessable part of a shared link."""
    return "".join(random.choice(ALPHABET) for _ in range(length))


def etag(content: bytes) -> str:
    """Lets a browser keep a report it already has."""
    return hashlib.md5(content).hexdigest()


def signature(path: str, key: str) -> str:
    """Says that we made a link."""
    return hashlib.sha1(f"{key}:{path}".encode()).hexdigest()
