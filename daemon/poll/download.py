"""Fetches one upload's bytes: a one-minute URL per attempt, streamed, bounded, resumed, checked by its digest.

The URL leads to another company's blob store. It gets no token: the session here knows none.
"""

from __future__ import annotations

import email.message
import hashlib
import re
import time
import urllib.parse
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import requests

from daemon.domain.upload import Upload
from daemon.errors import ArtifactRejected, Retryable
from daemon.poll import etag
from daemon.poll.api import UploadExpired
from daemon.storage import StorageUnavailable

_CHUNK = 1 << 16
_TIMEOUT = (10, 30)
_ATTEMPT_SECONDS = 1800.0
"""An attempt ends after this long even if bytes keep trickling in; the next one goes on where it stopped."""
_ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")


class DigestMismatch(Retryable):
    """The bytes that arrived are not those that were uploaded."""


class Stopped(Retryable):
    """The process was asked to end in the middle of a download."""


Mint = Callable[[Upload], str]
"""Upload → a URL that is good for about a minute."""


class Fetched(msgspec.Struct, frozen=True):
    """An upload's bytes, here."""

    file: Path
    name: str
    """What the file is called: `….zip` for a zip; the uploaded file's own name, which tells its format, otherwise."""


class Downloader:
    """Fetches uploads into one folder; what an attempt got stays there for the next one."""

    def __init__(
        self, folder: Path, *, most_bytes: int, secure: bool = True, stopping: Callable[[], bool] = lambda: False
    ) -> None:
        """`secure`: refuse URLs that are not https. `stopping`: whether the process was asked to end."""
        self._folder = folder
        self._stopping = stopping
        self._most = most_bytes
        self._secure = secure
        self._session = requests.Session()
        # Anything but None keeps `requests` from sending a password out of ~/.netrc.
        self._session.auth = _no_auth
        self.received = 0
        """Bytes, over all attempts."""

    def close(self) -> None:
        """Close its connections."""
        self._session.close()

    def discard(self, repository: str, upload: Upload) -> None:
        """Throw away what earlier attempts got."""
        partial = self._partial(repository, upload)
        partial.unlink(missing_ok=True)
        etag.forget(partial)

    def fetch(self, repository: str, upload: Upload, mint: Mint) -> Fetched:
        """Bring the upload's bytes here. They stay until `discard`, so that a kill in between costs no download.

        Raises:
            ArtifactRejected: it is larger than `most_bytes`.
            UploadExpired: the bytes are gone.
            DigestMismatch: other bytes arrived; they were thrown away.
            Retryable: it broke off; what arrived is kept, and the next attempt goes on there.
            StorageUnavailable: there is no room for it here.
            Stopped: the process was asked to end; as above.
        """
        if upload.size_in_bytes > self._most:
            message = f"it has {upload.size_in_bytes} bytes; the limit is {self._most} (limits.archive_bytes)"
            raise ArtifactRejected(message)
        partial = self._partial(repository, upload)
        try:
            partial.parent.mkdir(parents=True, exist_ok=True)
            name = self._complete(partial, upload, mint)
            return Fetched(file=partial, name=_file_name(upload, name, partial))
        except OSError as error:
            message = f"{partial.parent} cannot be written: {error.strerror}; free some space, then it goes on"
            raise StorageUnavailable(message) from error

    def keep_only(self, wanted: Iterable[tuple[str, Upload]]) -> None:
        """Throw away what was begun for uploads that nobody wants any more."""
        kept = {self._partial(repository, upload) for repository, upload in wanted}
        kept |= {etag.beside(partial) for partial in kept}
        for pattern in ("*.part", f"*.part{etag.SUFFIX}"):
            for file in self._folder.glob(pattern):
                if file not in kept:
                    file.unlink(missing_ok=True)

    def _partial(self, repository: str, upload: Upload) -> Path:
        return self._folder / f"{repository.replace('/', '+')}-{upload.id}.part"

    def _complete(self, partial: Path, upload: Upload, mint: Mint) -> str | None:
        """Bring the partial file to its end; the file's name, where the blob store tells."""
        if upload.digest and partial.exists() and _digest(partial) == upload.digest:
            return None
        checked = bool(upload.digest and upload.digest.startswith("sha256:"))
        name = self._stream(partial, mint(upload), checked=checked)
        if checked and _digest(partial) != upload.digest:
            partial.unlink()
            message = f"what was downloaded does not have the digest {upload.digest} that GitHub gives"
            raise DigestMismatch(message)
        return name

    def _stream(self, partial: Path, url: str, *, checked: bool) -> str | None:
        """`checked`: a digest will tell whether the bytes are right. Where none will, a download goes on only where the
        blob store vouches, by the ETag that they came with, for the bytes that are here; else it begins anew.
        """
        if self._secure and not url.startswith("https://"):
            message = "GitHub names a download address that is not https"
            raise Retryable(message)
        tag = None if checked else etag.kept(partial)
        start = partial.stat().st_size if partial.exists() and (checked or tag) else 0
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        headers |= {"If-Range": tag} if start and tag else {}
        try:
            with self._session.get(
                url, headers=headers, stream=True, timeout=_TIMEOUT, allow_redirects=False
            ) as response:
                if (
                    tag
                    and response.status_code == requests.codes.partial_content
                    and response.headers.get("ETag", tag) != tag
                ):
                    etag.forget(partial)
                    message = "the blob store goes on with another file than it began with: it is fetched anew"
                    raise Retryable(message)
                self._receive(partial, start, response, checked=checked)
                return _disposition_name(response.headers.get("Content-Disposition", ""))
        except requests.RequestException as error:
            message = f"the download broke off: {_without_query(str(error))}"
            raise Retryable(message) from error

    def _receive(self, partial: Path, start: int, response: requests.Response, *, checked: bool) -> None:
        if response.status_code == requests.codes.range_not_satisfiable:
            # The kept bytes are all of it or too many; without a digest only another look can tell which.
            partial.unlink(missing_ok=True)
            message = "the blob store has less than was downloaded: it is fetched anew"
            raise Retryable(message)
        if response.status_code == requests.codes.gone:
            message = "the blob store has deleted it"
            raise UploadExpired(message)
        resumed = response.status_code == requests.codes.partial_content
        if not resumed and response.status_code != requests.codes.ok:
            message = f"the blob store answers {response.status_code}"
            raise Retryable(message)
        begin, total = _extent(response, start) if resumed else (0, _length(response))
        if not begin:
            # In this order: after a kill, bytes without a tag are fetched anew, and no tag is another file's.
            etag.forget(partial)
        with partial.open("r+b" if begin else "wb") as file:
            file.truncate(begin)
            file.seek(begin)
            if not begin and not checked:
                etag.keep(partial, response.headers.get("ETag", ""))
            self._copy(response, file.write, begin, total)

    def _copy(self, response: requests.Response, write: Callable[[bytes], int], size: int, total: int | None) -> None:
        deadline = time.monotonic() + _ATTEMPT_SECONDS
        for chunk in response.iter_content(_CHUNK):
            size += len(chunk)
            self.received += len(chunk)
            if size > self._most:
                message = f"it has over {self._most} bytes (limits.archive_bytes)"
                raise ArtifactRejected(message)
            write(chunk)
            if self._stopping():
                message = f"asked to end after {size} bytes"
                raise Stopped(message)
            if time.monotonic() > deadline:
                message = f"it takes longer than {_ATTEMPT_SECONDS:.0f} s; {size} bytes are here"
                raise Retryable(message)
        if total is not None and size != total:
            message = f"the download broke off after {size} of {total} bytes"
            raise Retryable(message)


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _extent(response: requests.Response, start: int) -> tuple[int, int | None]:
    """Where the bytes of a 206 begin, and the length of the whole."""
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    if not match or int(match[1]) != start:
        message = "the blob store gives other bytes than were asked for"
        raise Retryable(message)
    return start, None if match[2] == "*" else int(match[2])


def _length(response: requests.Response) -> int | None:
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _file_name(upload: Upload, told: str | None, path: Path) -> str:
    """A zip is called as the upload is; anything else keeps the name of the uploaded file, which tells its format."""
    with path.open("rb") as file:
        magic = file.read(4)
    if magic in _ZIP_MAGICS:
        return f"{_safe(upload.name)}.zip"
    name = _safe(told or upload.name)
    # A name that claims to be a zip's must not make one of it.
    return f"{name}.txt" if name.lower().endswith(".zip") else name


def _safe(name: str) -> str:
    kept = re.sub(r"[^\w.+@ -]", "_", name.rpartition("/")[2])[-120:].lstrip(".")
    return kept or "artifact"


def _disposition_name(header: str) -> str | None:
    message = email.message.Message()
    message["Content-Disposition"] = header
    try:
        return message.get_filename() or None
    except (ValueError, LookupError):
        return None


def _without_query(text: str) -> str:
    """The query of a blob URL is its password."""
    return re.sub(r"\?[^\s'\")]*", "?…", urllib.parse.unquote(text))
