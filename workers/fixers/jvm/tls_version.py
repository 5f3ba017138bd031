"""SSL and TLS versions that are broken, in Java and Kotlin."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate, region
from workers.fixers.jvm.source import Setting, flagged_bytes, jvm, matches, on_android, propose_settings
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.tree import folders_up, text_of

_WARNING = "A peer that knows only the old version can no longer connect."
_APPROACHES = (
    ("tls-1.3", "TLSv1.3", "TLS 1.3 where the other side knows it."),
    ("tls-1.2", "TLSv1.2", "TLS 1.2, which every maintained peer speaks."),
)
_OLDER = re.compile(
    r"<(?:java\.version|maven\.compiler\.(?:source|target|release)|source|target|release)>\s*(?:1\.)?[78]\s*<"
    r"|(?:sourceCompatibility|targetCompatibility|jvmTarget|languageVersion)\b[^\n]*?(?:\b1[._][78]\b|VERSION_1_[78]\b|\([78]\))"
    r"|\bminSdk(?:Version)?\b\D{0,12}(?:1\d|2[0-8])\b"
)
"""Java 7 and 8, and Android before 10."""
_NEWEST = r"\bSSLContext\s*\.\s*getInstance\(\s*\"TLS\""
_OLD = ("SSLv2Hello", "SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1")
_LISTED = (
    r"(?:[eE]nabledProtocols|arrayOf|new\s+String\s*\[\])[^;\n\"]*"
    r"(?P<list>\"(?:SSL|TLS)v[^\"\n]*\"(?:\s*,\s*\"(?:SSL|TLS)v[^\"\n]*\")*)"
)
"""Versions that a socket or an engine is to speak."""
_SETTINGS = (
    Setting(
        pattern=r"getInstance\(\s*\"(?P<value>SSL|SSLv2|SSLv3|TLSv1|TLSv1\.0|TLSv1\.1)\"",
        approaches=_APPROACHES,
        warning=_WARNING,
    ),
)


@fixer(
    name="jvm-tls-version",
    weakness="broken TLS version",
    cwes=(326, 327, 757),
    rules={
        "semgrep": ["weak-ssl-context"],
        "mobsfscan": [
            "insecure_sslv3",
            "insecure_tls_version",
            "android_kotlin_insecure_sslv3",
            "android_kotlin_insecure_tls_version",
        ],
    },
    explain="""SSL 2 and 3 and TLS 1.0 and 1.1 have published attacks (DROWN, POODLE, BEAST) and were retired by RFC
8996; a connection made with them can be read (CWE-326, CWE-327).

A context for `TLSv1.3` also speaks 1.2 with peers that know no better; one for `TLSv1.2` suits Android before 10 and
Java before 11, which have no 1.3.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A broken protocol version → TLS 1.3 or 1.2."""
    file = jvm(target)
    if matches(file, _NEWEST, *flagged_bytes(target, file)) and not on_android(target, file):
        message = (
            f'{file.path}:{region(target).start_line} asks for "TLS", by which each maintained Java speaks 1.2 and 1.3 '
            "alone: 1.0 and 1.1 are off since 8u291 and 11.0.11"
        )
        raise Harmless(message)
    listed = matches(file, _LISTED, *flagged_bytes(target, file))
    if listed:
        yield _without_old(file, listed[0])
        return
    older = _may_be_older(target)
    yield from (made for made in propose_settings(target, _SETTINGS) if not (older and made.approach == "tls-1.3"))


def _without_old(file: Parsed, listed: re.Match[bytes]) -> Candidate:
    """The list without the broken versions; TLS 1.2 alone where it held no other.

    Raises:
        NoFix: it holds none.
    """
    versions = re.findall(r"\"([^\"]+)\"", listed["list"].decode())
    kept = [each for each in versions if each not in _OLD]
    if kept == versions:
        message = f"{file.path}:{file.line_of(listed.start())} lists no version that is broken"
        raise NoFix(message)
    text = ", ".join(f'"{each}"' for each in kept or ["TLSv1.2"])
    return candidate(
        "old-versions-removed",
        [file.edit(listed.start("list"), listed.end("list"), text)],
        "Only versions without published attacks are spoken.",
        warnings=(_WARNING,),
    )


def _may_be_older(target: Target) -> bool:
    """Whether the build is for a Java, or an Android, whose first releases have no TLS 1.3."""
    builds = (
        text_of(target.tree, f"{folder}/{name}".lstrip("/"))
        for folder in folders_up((target.finding.path or "").rpartition("/")[0])
        for name in ("pom.xml", "build.gradle", "build.gradle.kts")
    )
    return any(_OLDER.search(text) for text in builds)
