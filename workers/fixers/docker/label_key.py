"""Labels under names that the rules for labels do not allow."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.docker.build import at_least_one, candidate, flagged, pairs, stage_of
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.dockerfile import Dockerfile, Instruction
from workers.source.tree import SourceTree, text_of

_GOOD = re.compile(r"[a-z](?:[a-z0-9]|[.-](?![.-]))*[a-z0-9]|[a-z]")
_PAIR = re.compile(rb"(?<!\S)(\"?)([^\s\"=]+)\1=(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|(?:[^\s\\]|\\.)*)", re.DOTALL)
_READ_BY_ATOMIC = frozenset(("run", "install", "uninstall", "stop", "update", "upgrade", "debug", "help"))
_RESERVED = re.compile(r"(?:com\.docker|io\.docker|org\.dockerproject)\.")
_NAMESPACE = re.compile(r"(?:com|org|io|net|dev|app|co|[a-z]{2})\.[\w-]+\.", re.IGNORECASE)
_MAY_READ = re.compile(r"\.(?:ya?ml|sh|bash|py|js|ts|go|rb|json|toml|mk|groovy|tf)$|(?:^|/)(?:Makefile|Jenkinsfile)$")
_MAX_BYTES = 256 * 1024
_STANDARD = {
    "vendor": "vendor", "license": "licenses", "licenses": "licenses", "version": "version", "name": "title",
    "title": "title", "description": "description", "summary": "description", "url": "url", "source": "source",
    "maintainer": "authors", "author": "authors", "authors": "authors", "documentation": "documentation",
    "vcs-ref": "revision", "revision": "revision", "build-date": "created", "vcs-url": "source",
}  # fmt: skip
_OCI = "org.opencontainers.image."


@fixer(
    name="docker-label-key",
    weakness="label under a name that is not allowed",
    rules={"hadolint": ["DL3048"]},
    explain="""Docker's guidelines for labels want lower-case letters, digits, dots and hyphens, so that `Vendor`,
`vendor` and `VENDOR` are not three labels that a filter has to know. For what most images say of themselves the OCI
has fixed names (`org.opencontainers.image.vendor`), which registries and scanners read.

`RUN`, `INSTALL` and the like are commands that the `atomic` tool reads under just these names: they stay.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """The name in lower case with hyphens; or the OCI's name for the same."""
    file, one = flagged(target, "LABEL")
    found = _keys(file.content[one.body : one.end])
    bad = [key for key in found if not _GOOD.fullmatch(key)]
    kept = next((key for key in bad if key.lower() in _READ_BY_ATOMIC or _RESERVED.match(key) or "$" in key), None)
    if not bad or kept:
        what = f"`{kept}` is read by its name by other tools" if kept else "which label is meant is not plain to see"
        message = f"{file.path}:{one.line}: {what}"
        raise NoFix(message)
    if reader := next((said for key in bad if (said := _reader(target.tree, file, key))), None):
        raise NoFix(f"{file.path}:{one.line}: {reader}")
    taken = {key for each in stage_of(file, one).all("LABEL") for key in pairs(each)}
    lower = {key: _lower(key).strip("-.") for key in bad}
    standard = {key: _OCI + _STANDARD[low] if low in _STANDARD else low for key, low in lower.items()}
    how = "The same label under a name that every tool takes."
    made = [_renamed(file, one, "lower-case", found, lower, taken, how)]
    if standard != lower:
        how = "The same label under the name that the OCI gave it, which registries and scanners read."
        made.append(_renamed(file, one, "oci-label", found, standard, taken, how))
    yield from at_least_one(made, f"{file.path}:{one.line}: the allowed name is taken by another label")


def _reader(tree: SourceTree, file: Dockerfile, key: str) -> str | None:
    """Who reads a label by its name; none where nobody is known to."""
    if _NAMESPACE.match(key):
        return f"`{key}` is named by whoever the namespace is, and read by that name"
    asks = re.compile(rf"\blabel={re.escape(key)}\b|labels(?:\.|\[\s*|\s+)[\"']?{re.escape(key)}\b", re.IGNORECASE)
    for path in [path for path in tree.paths() if path != file.path and _MAY_READ.search(path)]:
        if asks.search(text_of(tree, path)[:_MAX_BYTES]):
            return f"{path} reads `{key}` by its name"
    return None


def _keys(text: bytes) -> dict[str, tuple[int, int]]:
    """The names, and where they stand; of the old `LABEL NAME the value`, the first word."""
    if old := re.match(rb"([\w.-]+)[ \t]+(?!=)[^=]+$", text):
        return {old[1].decode(): old.span(1)}
    return {match[2].decode(): match.span(2) for match in _PAIR.finditer(text)}


def _lower(key: str) -> str:
    """`BuildDate` and `build_date` as `build-date`."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", key).lower()
    return re.sub(r"[^a-z0-9.]+", "-", words).strip("-.")


def _renamed(
    file: Dockerfile,
    one: Instruction,
    approach: str,
    found: dict[str, tuple[int, int]],
    names: dict[str, str],
    taken: set[str],
    how: str,
) -> Candidate | None:
    new = list(names.values())
    if len(set(new)) < len(new) or set(new) & taken or not all(_GOOD.fullmatch(name) for name in new):
        return None
    edits = [file.edit(one.body + found[key][0], one.body + found[key][1], name) for key, name in names.items()]
    olds = ", ".join(names)
    warning = f"what selects images by the old name ({olds}), as `docker images --filter label=…` does, has to be told"
    return candidate(approach, edits, how, ["LABEL"], [warning])
