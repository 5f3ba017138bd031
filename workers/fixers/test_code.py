"""What only a test can give to the code that is flagged in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from workers.fixers.code import read
from workers.fixers.registry import Harmless, NoFix, NotHere, OtherLanguage, Target
from workers.source.tests import is_test


@contextmanager
def harmless_in_tests(target: Target, why: str) -> Iterator[None]:
    """Where the flagged file is a test and no sound change is known: there is nothing to mend, as `why` says.

    Raises:
        Harmless: it is a test, and what runs inside raises `NoFix`.
        NoFix: what runs inside raises it, and the file is no test.
    """
    try:
        yield
    except (Harmless, NotHere, OtherLanguage):
        raise
    except NoFix as reason:
        path = read(target).path
        if not is_test(path):
            raise
        message = f"{path} is test code: {why}; exclude tests"
        raise Harmless(message) from reason
