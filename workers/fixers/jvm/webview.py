"""Web views that trust what they show."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import msgspec

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate
from workers.fixers.jvm.build_config import build_config
from workers.fixers.jvm.plain_http import targets_since
from workers.fixers.jvm.source import Setting, flagged_bytes, jvm, matches, propose_settings
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.tests import is_test
from workers.source.tree import text_of

_LOCAL_PAGES = "Pages from file:// need a WebViewAssetLoader; assets and resources are not affected."
_CLOSED = "An app made for Android 11 or later does not let a page do so unless this says it may."
_CLOSED_SINCE = 30
_FILES = "A page cannot read the app's files."
_DEBUGGING = r"setWebContentsDebuggingEnabled\(\s*(?P<value>true)\b"
_SETTINGS = (
    Setting(
        pattern=r"(?:set)?[aA]llow(?:UniversalAccess|FileAccess)FromFileURLs\s*(?:\(|=)\s*(?P<value>true)\b",
        approaches=(("off", "false", _FILES),),
        warning="Pages that load other files by file:// need a WebViewAssetLoader.",
        default="Since Android 4.1 a page may not do so unless this says it may.",
    ),
    Setting(
        pattern=r"(?:set)?[aA]llowFileAccess\s*(?:\(|=)\s*(?P<value>true)\b",
        approaches=(("off", "false", _FILES),),
        warning=_LOCAL_PAGES,
    ),
    Setting(
        pattern=_DEBUGGING,
        approaches=(("off", "false", "Nobody with a cable can look into the pages."),),
    ),
    Setting(
        pattern=r"(?:setMixedContentMode\(|mixedContentMode\s*=)\s*(?:WebSettings\.)?(?P<value>MIXED_CONTENT_ALWAYS_ALLOW)",
        approaches=(
            ("never", "MIXED_CONTENT_NEVER_ALLOW", "A page loaded over HTTPS loads nothing over HTTP."),
            (
                "compatibility",
                "MIXED_CONTENT_COMPATIBILITY_MODE",
                "A page loaded over HTTPS loads pictures at most over HTTP, as browsers do.",
            ),
        ),
    ),
)


_OPENS_FILES = re.compile(r"[aA]llowFileAccess\b")
_ADDRESS = re.compile(r"\"file://(?!/android_)[^\"\n]*\"\s*\+|\"file://\$")
_IFS = frozenset(("if_statement", "if_expression"))
_DEBUG = re.compile(r"(?:[^|!]|!=|!(?!\s*BuildConfig))*\bBuildConfig\.DEBUG\b[^|]*", re.DOTALL)
"""A condition that only a debug build meets."""


@fixer(
    name="jvm-webview",
    weakness="web view with too many rights",
    cwes=(749, 79),
    rules={
        "mobsfscan": [
            "webview_allow_file_from_url",
            "webview_set_allow_file_access",
            "webview_debugging",
            "webview_mixed_content",
            "android_kotlin_webview_allow_file_from_url",
            "android_kotlin_webview_set_allow_file_access",
            "android_kotlin_webview_debug",
            "android_kotlin_webview_mixed_content",
        ],
        "semgrep": ["webview-*"],
    },
    explain="""A web view runs pages inside the app. With access from file URLs one hostile page reads the app's
private files; with debugging on, anyone with a cable reads the pages; with mixed content, whoever is on the network
changes a page that came over HTTPS (CWE-200, CWE-319, CWE-919).

Each is one setting, and the safe value is the default of current Android. Local pages are served by
`WebViewAssetLoader` under an https address, which needs none of these rights.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """An open setting → the closed one."""
    if "debug" in target.finding.rule:
        _refuse_guarded(target)
    file = jvm(target)
    start, end = flagged_bytes(target, file)
    if _OPENS_FILES.search(file.slice(start, end)) and _shows_files(target):
        message = (
            f"{file.path}:{file.line_of(start)} shows what the app itself puts into files, by file:// addresses: "
            "serve these by a WebViewAssetLoader first"
        )
        raise NoFix(message)
    closed = targets_since(target, file, _CLOSED_SINCE)
    settings = (
        msgspec.structs.replace(each, default=_CLOSED) if closed and each.warning == _LOCAL_PAGES else each
        for each in _SETTINGS
    )
    yield from propose_settings(target, tuple(settings))
    with contextlib.suppress(NoFix):
        yield from _in_debug_builds(target, file, matches(file, _DEBUGGING, start, end))


def _in_debug_builds(target: Target, file: Parsed, found: list[re.Match[bytes]]) -> Iterator[Candidate]:
    """Debugging of pages by developers alone."""
    for match in found:
        edit = file.edit(match.start("value"), match.end("value"), f"{build_config(target, file)}.DEBUG")
        yield candidate("debug-builds-only", [edit], "Only debug builds let a developer look into the pages.")


def _shows_files(target: Target) -> bool:
    """Whether the app makes addresses of files that are neither assets nor resources."""
    sources = (path for path in target.tree.paths() if path.endswith((".java", ".kt")) and not is_test(path))
    return any(_ADDRESS.search(text_of(target.tree, path)) for path in sources)


def _refuse_guarded(target: Target) -> None:
    """Say so where the code around the setting runs in debug builds alone.

    Raises:
        Harmless: it does.
    """
    file = jvm(target)
    start, _ = flagged_bytes(target, file)
    inner = file.syntax.node_at(start, start + 1)
    while inner is not None and (outer := inner.parent) is not None:
        condition = outer.child_by_field_name("condition") if outer.type in _IFS else None
        first = next((one for one in outer.named_children if condition and one.start_byte > condition.end_byte), None)
        if condition and first == inner and _DEBUG.fullmatch(file.text(condition)):
            message = f"{file.path}:{file.line_of(start)} runs in debug builds alone, as the condition around it says"
            raise Harmless(message)
        inner = outer
