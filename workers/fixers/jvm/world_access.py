"""Android files that other apps may read or write."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import region
from workers.fixers.jvm.source import Setting, flagged_bytes, jvm, matches, propose_settings
from workers.fixers.registry import Harmless, Target, fixer

_WHY = "Only this app can open the file; share single files by a FileProvider."
_MODE = r"\b(?:Context\.)?MODE_WORLD_(?:READABLE|WRITEABLE)\b"
_ASKED = rf"{_MODE}\s*(?:\)\s*)?[!=]=|[!=]=\s*{_MODE}|&\s*~?\s*{_MODE}|{_MODE}\s*&(?!&)|\bcase\s+{_MODE}"
"""A mode that is looked at and given to nobody."""
_SETTINGS = (
    Setting(
        pattern=r"\b(?:Context\.)?(?P<value>MODE_WORLD_(?:READABLE|WRITEABLE))\b",
        approaches=(("private", "MODE_PRIVATE", _WHY),),
        warning="An app that read this file directly no longer can.",
    ),
    Setting(
        pattern=r"\b(?:getSharedPreferences|openFileOutput)\([^,()]+,\s*(?P<value>[123])\s*\)",
        approaches=(("private", "android.content.Context.MODE_PRIVATE", _WHY),),
        warning="An app that read this file directly no longer can.",
    ),
)


@fixer(
    name="jvm-world-access",
    weakness="file open to every app",
    cwes=(276, 732),
    rules={
        "mobsfscan": [
            "world_readable",
            "world_writeable",
            "android_kotlin_world_readable",
            "android_kotlin_world_writable",
            "android_kotlin_world_read_write",
        ],
        "semgrep": ["world-readable", "world-writeable"],
    },
    explain="""A file made with MODE_WORLD_READABLE or MODE_WORLD_WRITEABLE can be read or changed by every app on the
device (CWE-276). Since Android 7 the call throws a SecurityException.

`MODE_PRIVATE` keeps the file to the app. What another app should see goes through a `FileProvider`, file by file and
with the user's consent.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A world-accessible mode → the private one."""
    file = jvm(target)
    span = flagged_bytes(target, file)
    if matches(file, _ASKED, *span):
        message = f"{file.path}:{region(target).start_line} asks which mode was given, and gives none"
        raise Harmless(message)
    return propose_settings(target, _SETTINGS)
