"""Writing fixed files all or none, with a backup that `--undo` restores."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from daemon.errors import EditConflict, SourceUnavailable
from workers.commands.write import replace
from workers.source.tree import FolderTree, safe_path


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


class Backups:
    """The backups of one folder, newest last; they lie outside of it."""

    def __init__(self, place: Path, folder: Path) -> None:
        self._folder = folder.resolve()
        self._place = place / hashlib.sha256(str(self._folder).encode()).hexdigest()[:16]

    def write(self, tree: FolderTree, files: Mapping[str, bytes]) -> Path | None:
        """Back up and write; none where nothing differs. Either every file is written or none is.

        Raises:
            SourceUnavailable: a path is no regular file of the folder any more.
        """
        before = {path: tree.read(path) for path in files}
        changed = {path: content for path, content in files.items() if before[path] != content}
        if not changed:
            return None
        now = dt.datetime.now(dt.UTC)
        saved = tuple(Saved(path, before[path], _sha256(content)) for path, content in sorted(changed.items()))
        backup = Backup(str(self._folder), now, saved)
        self._place.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = self._place / f"{now:%Y%m%dT%H%M%S.%f}.msgpack"
        replace(file, msgspec.msgpack.encode(backup), 0o600)
        self._write_all(tree, changed, before)
        return file

    def undo(self, tree: FolderTree) -> list[str]:
        """Restore what the newest backup holds, and forget it: the paths restored.

        Raises:
            SourceUnavailable: there is no backup of this folder.
            EditConflict: a file was changed since; nothing is restored. One that is as it was before counts as
                unchanged: whoever was killed while writing or restoring left some files so.
        """
        newest = max(self._place.glob("*.msgpack"), default=None)
        if newest is None:
            message = f"nothing to undo: no fixes were applied to {self._folder}"
            raise SourceUnavailable(message)
        backup = msgspec.msgpack.decode(newest.read_bytes(), type=Backup)
        now = {saved.path: tree.read(saved.path) for saved in backup.files}
        for saved in backup.files:
            if now[saved.path] != saved.before and _sha256(now[saved.path]) != saved.after_sha256:
                message = (
                    f"{saved.path} was changed since the fixes were applied: undo it by hand; {newest} has the original"
                )
                raise EditConflict(message)
        self._write_all(tree, {saved.path: saved.before for saved in backup.files}, now)
        newest.unlink()
        return [saved.path for saved in backup.files]

    def _write_all(self, tree: FolderTree, files: Mapping[str, bytes], before: Mapping[str, bytes]) -> None:
        written: list[str] = []
        try:
            for path, content in files.items():
                target = tree.root / safe_path(path)
                replace(target, content, target.stat().st_mode & 0o7777)
                written.append(path)
        except BaseException as error:
            # An interruption between two files must not leave half of the fixes behind either.
            for done in written:
                target = tree.root / safe_path(done)
                replace(target, before[done], target.stat().st_mode & 0o7777)
            if not isinstance(error, OSError):
                raise
            message = f"{path} cannot be written ({error.strerror}): nothing was changed"
            raise SourceUnavailable(message) from error


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
