"""Switches of an Android manifest."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from daemon.domain.fix import Candidate
from workers.fixers.code import Text, candidate, read
from workers.fixers.jvm.manifest_component import exported_span
from workers.fixers.jvm.manifest_merge import refuse_others_backup, refuse_part, refuse_variant
from workers.fixers.jvm.plain_http import REFUSED_SINCE, refuse_plain_addresses, targets_since
from workers.fixers.registry import Harmless, NoFix, Target, fixer


class _Flag(msgspec.Struct, frozen=True):
    """An attribute, its unsafe value, its safe one, and what that means."""

    attribute: str
    bad: str
    good: str
    why: str
    warning: str | None = None
    default: bool = False
    """Whether leaving the attribute out is safe, and what the build tools expect."""


_RULES = re.compile(rb'android:(?:dataExtractionRules|fullBackupContent)\s*=\s*"@xml/|android:backupAgent\s*=\s*"')
_HERE = (b"localhost", b"127.0.0.1", b"10.0.2.2", b"10.0.3.2", b"::1", b"[::1]")
_FLAGS = {
    "configcleartext": _Flag(
        "cleartextTrafficPermitted",
        "true",
        "false",
        "The system refuses plain HTTP to these hosts.",
        "Each of these hosts must offer HTTPS.",
    ),
    "backup": _Flag(
        "android:allowBackup",
        "true",
        "false",
        "adb and cloud backups leave the app's data out.",
        "Users no longer get their data back on a new device: exclude only what is secret with dataExtractionRules.",
    ),
    "cleartext": _Flag(
        "android:usesCleartextTraffic",
        "true",
        "false",
        "The system refuses plain HTTP from this app.",
        "Every server must offer HTTPS; name exceptions in a network security configuration.",
    ),
    "testonly": _Flag(
        "android:testOnly",
        "true",
        "false",
        "The app is no longer open to every debugger as test builds are.",
        default=True,
    ),
    "bypasspinning": _Flag(
        "overridePins", "true", "false", "A certificate that the user installed has to fit the pinned keys as well."
    ),
    "debugg": _Flag(
        "android:debuggable",
        "true",
        "false",
        "Nobody with a cable can attach a debugger; debug builds set it by themselves.",
        default=True,
    ),
    "exported": _Flag(
        "android:exported",
        "true",
        "false",
        "Other apps cannot start this component.",
        "An app that does no longer can.",
    ),
}


@fixer(
    name="android-manifest-flag",
    weakness="Android component or data open to others",
    rules={
        "mobsfscan": [
            "android_manifest_allow_backup",
            "android_manifest_missing_explicit_allow_backup",
            "android_manifest_usescleartext",
            "android_manifest_debugg*",
            "android_manifest_test_only",
            "android_manifest_*_config_cleartext",
            "android_manifest_*_config_bypass_pinning",
        ],
        "semgrep": [
            "exported_activity",
            "manifest-allow-backup",
            "manifest-usesCleartextTraffic-true",
            "manifest-debuggable",
        ],
    },
    explain="""The manifest says what others may do with the app: read its data by backup, talk to it in plain text,
attach a debugger, start its activities (CWE-276, CWE-319, CWE-489, CWE-926).

Each is one attribute. An activity that is meant to be started by others (the launcher's, or one with an intent
filter) must stay exported, and check what it is given instead.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """An open switch → closed."""
    file = read(target)
    refuse_variant(target, file)
    rule = target.finding.rule.lower().replace("_", "").replace("-", "")
    if "backup" in rule:
        _refuse_chosen(file)
        refuse_others_backup(target, file)
    if "missing" in rule:
        refuse_part(target, file)
        yield _said(file)
        return
    flag = next((each for word, each in _FLAGS.items() if word in rule), None)
    if flag is None:
        message = f"no switch of the manifest is known for {target.finding.rule}"
        raise NoFix(message)
    exported = flag.attribute == "android:exported"
    start, end = exported_span(target, file) if exported else _span(target, file, flag)
    _refuse_intended(target, file, flag, start)
    yield candidate(
        "closed",
        [file.edit(start, end, flag.good)],
        flag.why,
        declares=(f"line:{file.line_of(start)}",),
        warnings=(flag.warning,) if flag.warning else (),
    )
    refused = flag.attribute == "android:usesCleartextTraffic" and targets_since(target, file, REFUSED_SINCE)
    if flag.default or refused:
        yield _left_out(file, flag, end + 1)


def _refuse_intended(target: Target, file: Text, flag: _Flag, start: int) -> None:
    """Say so where the app needs the switch open, or its authors say that they mean it.

    Raises:
        Harmless: it lets plain text through to the device itself alone.
        NoFix: they do.
    """
    if flag.attribute == "cleartextTrafficPermitted" and _stays_here(file, start):
        message = (
            f"{file.path}:{file.line_of(start)} lets plain text through to this device alone, which no network carries"
        )
        raise Harmless(message)
    if flag.attribute == "android:usesCleartextTraffic":
        refuse_plain_addresses(target, file)
    if flag.attribute == "cleartextTrafficPermitted":
        refuse_plain_addresses(target, file, _hosts(file, start))
    if _meant(file, flag, start):
        message = (
            f"{file.path}:{file.line_of(start)} is open on purpose, says a comment or lint's switch: ask who wrote it"
        )
        raise NoFix(message)


def _refuse_chosen(file: Text) -> None:
    """Say so where the manifest itself decides what a backup holds.

    Raises:
        Harmless: it does.
    """
    if _RULES.search(file.content):
        message = f"{file.path} says by rules of its own what a backup holds: see there that secrets are left out"
        raise Harmless(message)


def _stays_here(file: Text, start: int) -> bool:
    """Whether the element's hosts are all the device itself, or the computer that runs its emulator."""
    named = _hosts(file, start)
    return bool(named) and all(each.encode() in _HERE for each in named)


def _hosts(file: Text, start: int) -> list[str]:
    """The hosts of the element around the attribute; none where it is about all of them."""
    if not re.match(rb"<domain-config\b", file.content[file.content.rfind(b"<", 0, start) :]):
        return []
    end = file.content.find(b"</domain-config>", start)
    return [each.decode() for each in re.findall(rb"<domain\b[^>]*>\s*([^<\s]+)\s*</domain>", file.content[start:end])]


def _meant(file: Text, flag: _Flag, start: int) -> bool:
    """Whether the comment right above the element speaks of this switch, or its author told lint to be silent."""
    element = file.content[file.content.rfind(b"<", 0, start) : file.content.find(b">", start)]
    if re.search(rb"tools:ignore\s*=\s*\"[^\"]*(?:InsecureBaseConfiguration|AllowBackup|ExportedActivity)", element):
        return True
    head = file.content[: file.content.rfind(b"<", 0, start)].rstrip()
    word = re.match(r"(?:android:)?([a-z]+|uses[A-Z][a-z]+)", flag.attribute)
    if not head.endswith(b"-->") or word is None:
        return False
    comment = head[head.rfind(b"<!--") :].lower()
    return word[1].lower().removeprefix("uses").encode() in comment


def _left_out(file: Text, flag: _Flag, end: int) -> Candidate:
    """Without the attribute, and without the blanks before it."""
    start = file.content.rindex(flag.attribute.encode(), 0, end)
    first = len(file.content[:start].rstrip())
    lines = range(file.line_of(first - 1), file.line_of(end) + 1)
    return candidate(
        "default",
        [file.edit(first, end, "")],
        f"{flag.why} That is what the system does unless it is told otherwise.",
        declares=tuple(f"line:{line}" for line in lines),
    )


def _said(file: Text) -> Candidate:
    """`allowBackup` where the manifest leaves it to the system, which says yes."""
    found = [
        match for match in re.finditer(rb"<application(?=[\s>])", file.content) if not _in_comment(file, match.start())
    ]
    if len(found) != 1:
        message = f"{file.path} does not show the application that this finding is about"
        raise NoFix(message)
    at = found[0].end()
    after = re.match(rb"\r?\n([ \t]+)", file.content[at:])
    blank = f"\n{after[1].decode()}" if after else " "
    return candidate(
        "closed",
        [file.insert(at, f'{blank}android:allowBackup="false"')],
        _FLAGS["backup"].why,
        declares=(f"line:{file.line_of(at)}",),
        warnings=(_FLAGS["backup"].warning or "",),
    )


def _span(target: Target, file: Text, flag: _Flag) -> tuple[int, int]:
    pattern = re.compile(rf'(?<![\w:]){flag.attribute}\s*=\s*"(?P<value>{flag.bad})"'.encode())
    found = [match for match in pattern.finditer(file.content) if not _in_comment(file, match.start())]
    where = target.finding.location.region
    if where is not None and len(found) > 1:
        found = [match for match in found if file.line_of(match.start()) in where.lines]
    if len(found) != 1:
        message = f"{file.path} does not show which {flag.attribute} this finding is about"
        raise NoFix(message)
    return found[0].span("value")


def _in_comment(file: Text, offset: int) -> bool:
    before = file.content[:offset]
    return before.rfind(b"<!--") > before.rfind(b"-->")
