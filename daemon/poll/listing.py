"""A repository's newest uploads. consumes pages of GitHub's list → produces every upload since a moment, none missed.

GitHub's pages shift while they are read: a new upload pushes entries to later pages, where they are met
twice; a deleted one pulls entries to earlier pages, which were read already. So a walk over several pages
is repeated, each page asked for with its ETag, until a whole walk finds nothing changed. Then all pages
were as they are at one moment, between the two walks. What does not change is not counted by GitHub.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from daemon.domain.upload import Upload
from daemon.errors import Retryable
from daemon.poll import limits
from daemon.poll.api import Answer

PER_PAGE = 100
_MOST_PAGES = 1000
_MOST_WALKS = 8

Ask = Callable[[int, str | None], Answer]
"""Page number from 1, ETag → GitHub's answer."""


class _Body(msgspec.Struct):
    total_count: int
    artifacts: list[Upload]


_decode = msgspec.json.Decoder(_Body).decode


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the list."""

    etag: str | None
    total: int
    uploads: tuple[Upload, ...]
    at: float
    """GitHub's clock when it was read."""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What a walk found."""

    etag: str | None
    """Of the first page."""
    uploads: tuple[Upload, ...]
    """Newest first; some may be older than asked for."""
    complete: bool
    """Whether the pages stood still long enough to be sure that none was missed."""
    at: float
    """GitHub's clock at its first page."""


def newest(ask: Ask, since: Callable[[float], float], *, etag: str | None, now: float) -> Listing | None:
    """Walk the list back to `since(GitHub's clock)`; None where the first page is still what `etag` stands for.

    Raises:
        Retryable: an answer is not what the API promises, and whatever `ask` raises.
    """
    first = _read(ask, 1, None, etag, now)
    if first is None:
        return None
    horizon = since(first.at)
    found: dict[int, Upload] = {}
    before = _walk(ask, horizon, [first], fresh=1, now=now)
    walks = 1
    while True:
        found |= {upload.id: upload for page in before for upload in page.uploads}
        if len(before) == 1 or walks == _MOST_WALKS:
            break
        again = _walk(ask, horizon, before, fresh=0, now=now)
        walks += 1
        if [_ids(page) for page in again] == [_ids(page) for page in before]:
            break
        before = again
    uploads = tuple(sorted(found.values(), key=lambda upload: (upload.at, upload.id), reverse=True))
    return Listing(etag=before[0].etag, uploads=uploads, complete=walks < _MOST_WALKS, at=first.at)


def _walk(ask: Ask, horizon: float, known: list[Page], *, fresh: int, now: float) -> list[Page]:
    """The pages back to the horizon. The first `fresh` of `known` were read just now; the others are asked for."""
    pages: list[Page] = []
    while not _reaches(pages, horizon):
        number = len(pages) + 1
        if number > _MOST_PAGES:
            message = f"GitHub's list of artifacts goes on after {_MOST_PAGES} pages: lower poll.backfill_days"
            raise Retryable(message)
        old = known[number - 1] if number <= len(known) else None
        page = old if old and number <= fresh else _read(ask, number, old, old.etag if old else None, now)
        if page is None:
            break
        _refuse_repeated(page, pages)
        pages.append(page)
    return pages


def _reaches(pages: list[Page], horizon: float) -> bool:
    if not pages:
        return False
    last = pages[-1]
    dated = [upload.at for upload in last.uploads if upload.created_at]
    return (
        not last.uploads
        or (bool(dated) and dated[-1] < horizon)
        or sum(len(page.uploads) for page in pages) >= last.total
    )


def _read(ask: Ask, number: int, old: Page | None, etag: str | None, now: float) -> Page | None:
    """The page; `old`, or None without one, where GitHub says that it has not changed."""
    answer = ask(number, etag)
    if answer.unchanged:
        return old
    try:
        body = _decode(answer.body)
    except msgspec.DecodeError as error:
        message = f"GitHub's list of artifacts is not what its API promises: {error}"
        raise Retryable(message) from error
    at = limits.server_time(answer.headers, now)
    return Page(etag=answer.headers.get("etag"), total=body.total_count, uploads=tuple(body.artifacts), at=at)


def _refuse_repeated(page: Page, pages: list[Page]) -> None:
    """A renamed repository is answered for by a redirect that forgets the page's number."""
    if pages and page.uploads and _ids(page) == _ids(pages[-1]):
        message = (
            "GitHub gives the same page of artifacts again: where the repository was renamed, "
            "write its present name into poll.repositories"
        )
        raise Retryable(message)


def _ids(page: Page) -> list[int]:
    return [upload.id for upload in page.uploads]
