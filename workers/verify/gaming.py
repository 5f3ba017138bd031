"""What silences a scanner without ending a weakness: suppressions, configuration, placeholders, commented-out code."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from workers.source.linediff import differences
from workers.verify.kinds import is_workflow, suffix

_SUPPRESSIONS = re.compile(
    r"""\bnosec\b | \bnosemgrep\b | \bnoqa\b | \bzizmor:\s*ignore | \bcheckov:\s*skip | \bbridgecrew:\s*skip
      | \bskip-check\b | \bhadolint\s+(?:global\s+)?ignore | \bgitleaks:\s*allow | \bpragma:\s*allowlist
      | \btrivy:\s*ignore | \btfsec:\s*ignore | \bkics-scan\b | \bterrascan\b.*\bskip | \bshellcheck\s+disable
      | \byamllint\s+disable | \bktlint-disable\b | \bNOSONAR\b | \blgtm\[ | \bcodeql\[ | \beslint-disable
      | @SuppressWarnings | @Suppress\b | \bsnyk:\s*ignore
      | \bcfn-lint\b.*\bignore_checks | \btype:\s*ignore | \bnjsscan-ignore | \bmobsf-ignore
      | \bdevskim:\s*ignore | \bnolint\b | \btslint:disable | \bkube-linter\.io/ignore | \bcheckov\.io/skip
      | \b\#\[allow\(""",
    re.VERBOSE | re.IGNORECASE,
)
_CONFIGURATION = re.compile(
    r"""(?:^|/)(?:
        \.?zizmor\.ya?ml | \.semgrepignore | \.semgrep(?:\.ya?ml|/.*) | \.bandit | bandit\.ya?ml | \.hadolint\.ya?ml
      | \.checkov(?:\.baseline|\.ya?ml) | \.gitleaks\.toml | \.gitleaksignore | gitleaks\.toml
      | \.trivyignore(?:\.ya?ml)?
      | trivy\.ya?ml | \.snyk | osv-scanner\.toml | \.njsscan | \.mobsf | \.cfnlintrc(?:\.ya?ml)? | \.shellcheckrc
      | \.github/actionlint\.ya?ml | \.yamllint(?:\.ya?ml)? | \.editorconfig | \.gitignore | \.gitattributes | \.ignore
      | \.tfsec(?:/.*|\.ya?ml)
      | sonar-project\.properties | \.github/codeql/.* | \.grype\.ya?ml | \.kics\.config | \.eslintignore
    )$""",
    re.VERBOSE,
)
_PLACEHOLDER = re.compile(
    r"\b(?:TODO|FIXME|XXX|HACK|CHANGE_?ME|REPLACE_?ME|REPLACE_WITH|PLACEHOLDER|YOUR_[A-Z_]+|INSERT_[A-Z_]+_HERE)\b"
    r"|<((?:your|insert|replace|sha|commit|version|digest)[^<>]{0,40})>(?![^<>]*</\1>)"
    r"|\byour[-_](?:\w+[-_])?(?:here|key|token|secret|password)\b"
    r"|\b(?:0{40}|0{64}|deadbeef\w*|1234567890abcdef\w*)\b"
)
_DISABLED = re.compile(
    r"\|\|\s*(?:true|:)(?=\s|$|['\"])|continue-on-error:\s*true|^\s*(?:-\s+)?if:\s*(?:\$\{\{\s*)?false\b|\bif\s+False\b|"
    r"\bif\s*\(\s*false\s*\)|--exit-code[= ]0\b|soft[_-]fail:?\s*(?:true)?|\bset\s+\+e\b"
    r"|persist-credentials:\s*['\"]?(?:true\b|\$\{\{)"
    r"|\|\|\s*exit\s+0\b|;\s*exit\s+0\b|^\s*HEALTHCHECK\s+NONE\b"
    r"|^\s*HEALTHCHECK\b.*\bCMD\s+\[?\s*\"?(?:/bin/)?(?:true|:|exit\s+0|echo\b[^|&;]*)\"?\s*\]?\s*$"
    r"|command:\s*\[\s*['\"]?(?:/bin/)?(?:true|echo)['\"]?\s*[\],]|\b(?:0\.0\.0\.0|128\.0\.0\.0)/1\b|(?:\b8000)?::/1\b",
    re.MULTILINE,
)
_EXPRESSED = re.compile(
    r"ACTIONS_ALLOW_UNSECURE_COMMANDS\b\W*\$\{\{|password:\s*\$\{\{(?!\s*(?:secrets\.|github\.token))"
)
"""A switch or a credential that an expression says instead of the file."""
_INDIRECT = re.compile(
    r"""\bgetattr\(\s*\w+\s*,\s*['"] | \b__builtins__\b | \b__import__\s*\(
      | \b(?:globals|locals|vars)\(\)\s*\[(?!name\])
      | \b(?:window|globalThis|global|self)\s*\[ | \(\s*0\s*,\s*\w+\s*\)\s*\( | =\s*eval\s*[;,\n]
      | \bnew\s+Function\s*\( | \brunIn(?:This|New)?Context\s*\( | \w\s*\[\s*(['"`])[^'"`\n]*\1\s*\+ | \*\*\s*\{\s*['"]
      | \[\s*['"](?:/usr)?(?:/bin/)?(?:ba|da|z|k)?sh['"]\s*,\s*['"]-\w*c['"]\s*,(?!\s*['"][^'"{}$]*['"]\s*\])
      | ^\s*(?:\.\.\.|Ellipsis)\s*$ | \bos\.system\( | \bos\.popen\(""",
    re.VERBOSE | re.MULTILINE,
)
"""The same call by a way that scanners do not follow; looked for in code alone."""
_CODE = frozenset((".py", ".pyw", ".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx"))
_COMMENT = re.compile(r"^\s*(?:#|//|--|;|/\*|\*|<!--)\s?(?P<code>.*?)\s*(?:\*/|-->)?\s*$")
_SHORTEST_CODE = 8


@functools.lru_cache(maxsize=512)
def trick(path: str, before: bytes, after: bytes) -> str | None:
    """How the change silences a scanner instead of ending the weakness; none where it does not."""
    if _CONFIGURATION.search(path) and not is_workflow(path):
        return f"{path} configures or excludes from a scanner: a fix changes the weakness, not what is looked at"
    removed, added = changed_lines(before, after)
    fresh = "\n".join(added)
    tricks = (*_TRICKS, (_INDIRECT, "a way around the scanner")) if suffix(path) in _CODE else _TRICKS
    for pattern, what in tricks:
        if (match := pattern.search(fresh)) and _more(pattern, before, after):
            return f"{what} was added: {match[0].strip()[:60]!r}"
    if (code := _commented_out(removed, added)) is not None:
        return f"the code was commented out instead of fixed: {code[:60]!r}"
    return None


def changed_lines(before: bytes, after: bytes) -> tuple[list[str], list[str]]:
    """The lines that went and those that came."""
    old, new = before.decode("utf-8", "replace").splitlines(), after.decode("utf-8", "replace").splitlines()
    removed, added = [], []
    for first, last, now, end in differences(old, new):
        removed += old[first:last]
        added += new[now:end]
    return removed, added


_TRICKS = (
    (_SUPPRESSIONS, "a suppression"),
    (_PLACEHOLDER, "a placeholder"),
    (_DISABLED, "something that switches off"),
    (_EXPRESSED, "the same by an expression"),
)


def _more(pattern: re.Pattern[str], before: bytes, after: bytes) -> bool:
    """Whether the file has more of it than it had: a changed line may well keep what it said before."""
    old, new = before.decode("utf-8", "replace"), after.decode("utf-8", "replace")
    return len(pattern.findall(new)) > len(pattern.findall(old))


def _commented_out(removed: list[str], added: list[str]) -> str | None:
    gone = {"".join(line.split()) for line in removed if not _COMMENT.match(line)}
    for code in _comments(added):
        if len(code) >= _SHORTEST_CODE and "".join(code.split()) in gone:
            return code
    return None


def _comments(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if match := _COMMENT.match(line):
            yield match["code"]
