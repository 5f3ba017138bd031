"""Writing fixed files all or none, with a backup that `--undo` restores."""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import fcntl
import hashlib
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from daemon.errors import EditConflict, SourceUnavailable
from workers.commands.interrupt import undisturbed
from workers.commands.write import replace
from workers.source.tree import FolderTree, SourceTree, safe_path


class Saved(msgspec.Struct, frozen=True):
    """One file as it was, and the hash of what was written over it."""

    path: str
    before: bytes
    after_sha256: str


class Backup(msgspec.Struct, frozen=True):
    """What one `--apply` changed in one folder."""

    folder: str
    created_at: dt.datetime
    files: tuple[Saved, ...]
    aside: str = ""
    """The name, of this backup alone, under which each file is written before it is renamed: what a kill leaves."""


class Backups:
    """The backups of one folder, newest last; they lie outside of it."""

    def __init__(self, place: Path, folder: Path) -> None:
        self._folder = folder.resolve()
        self._disk = FolderTree(folder)
        self._place = place / hashlib.sha256(str(self._folder).encode()).hexdigest()[:16]

    def write(self, seen: SourceTree, files: Mapping[str, bytes]) -> Path | None:
        """Back up and write; none where nothing differs. Either every file is written or none is.

        Args:
            seen: the files as they were when the fixes were made.
            files: path → what it shall hold.

        Raises:
            SourceUnavailable: a path is no regular file of the folder any more, or cannot be written.
            EditConflict: a file was changed while the fixes were made; nothing is written.
        """
        changed = {path: content for path, content in sorted(files.items()) if seen.read(path) != content}
        if not changed:
            return None
        with self._locked():
            before = {path: self._disk.read(path) for path in changed}
            for path, content in before.items():
                if content != seen.read(path):
                    message = f"{path} was changed while fixes were looked for: nothing was written; run it again"
                    raise EditConflict(message)
            now = dt.datetime.now(dt.UTC)
            saved = tuple(Saved(path, before[path], _sha256(content)) for path, content in changed.items())
            backup = Backup(str(self._folder), now, saved, f".secaid-{secrets.token_hex(16)}")
            file = self._place / f"{now:%Y%m%dT%H%M%S.%f}.msgpack"
            replace(file, msgspec.msgpack.encode(backup), 0o600)
            try:
                self._write_all(changed, before, backup.aside)
            except SourceUnavailable:
                # What was not applied must not be what the next --undo takes back.
                file.unlink()
                raise
        return file

    def undo(self) -> list[str]:
        """Restore what the newest backup holds, and forget it: the paths restored.

        Raises:
            SourceUnavailable: there is no backup of this folder.
            EditConflict: a file was changed since; nothing is restored. One that is as it was before counts as
                unchanged: whoever was killed while writing or restoring left some files so.
        """
        newest = self._newest()
        if newest is None:
            message = f"nothing to undo: no fixes were applied to {self._folder}"
            raise SourceUnavailable(message)
        self.tidy()
        with self._locked():
            backup = _read(newest)
            now = {saved.path: self._disk.read(saved.path) for saved in backup.files}
            for saved in backup.files:
                if now[saved.path] != saved.before and _sha256(now[saved.path]) != saved.after_sha256:
                    message = (
                        f"{saved.path} was changed since the fixes were applied, so nothing was restored: undo it by "
                        f"hand; the files as they were before lie in {_laid_out(newest, backup)}"
                    )
                    raise EditConflict(message)
            self._write_all({saved.path: saved.before for saved in backup.files}, now, backup.aside)
            newest.unlink()
            shutil.rmtree(newest.with_suffix(""), ignore_errors=True)
        return [saved.path for saved in backup.files]

    def tidy(self) -> None:
        """Remove the half-written file that a kill left beside those of the newest backup: nobody else names one so."""
        if (newest := self._newest()) is None:
            return
        with self._locked():
            backup = _read(newest)
            for folder in {(self._folder / safe_path(saved.path)).parent for saved in backup.files}:
                if backup.aside:
                    with contextlib.suppress(OSError):
                        (folder / backup.aside).unlink()

    def protected(self, path: str) -> bool:
        """Whether its owner has taken the file's write permission away."""
        try:
            return not (self._folder / safe_path(path)).stat().st_mode & 0o222
        except OSError:
            return False

    def _newest(self) -> Path | None:
        return max(self._place.glob("*.msgpack"), default=None)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer a folder: two would each take the other's half-written file for one that a kill left."""
        self._place.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._place / "lock").open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _write_all(self, files: Mapping[str, bytes], before: Mapping[str, bytes], aside: str) -> None:
        written: list[str] = []
        with undisturbed():
            try:
                for path, content in files.items():
                    self._replace(path, content, aside)
                    written.append(path)
            except BaseException as error:
                for done in written:
                    self._replace(done, before[done], aside)
                if not isinstance(error, OSError):
                    raise
                message = f"{path} cannot be written ({error.strerror}): nothing was changed"
                raise SourceUnavailable(message) from error

    def _replace(self, path: str, content: bytes, aside: str) -> None:
        target = self._folder / safe_path(path)
        if self.protected(path):  # A rename would get past it, and root past anything.
            raise OSError(errno.EACCES, "it is write-protected: `chmod u+w` it first")
        replace(target, content, target.stat().st_mode & 0o7777, aside=aside or None)


def _laid_out(file: Path, backup: Backup) -> Path:
    """A folder beside the backup with its files, for a person to read."""
    folder = file.with_suffix("")
    for saved in backup.files:
        target = folder / safe_path(saved.path)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace(target, saved.before, 0o600)
    return folder


def _read(file: Path) -> Backup:
    return msgspec.msgpack.decode(file.read_bytes(), type=Backup)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
