"""The vulnerability types, and one table that gives each finding its own."""

from __future__ import annotations

import fnmatch
import functools
import re
from collections.abc import Mapping, Sequence

from daemon.domain.finding import Finding

OTHER = "other"

CATEGORIES: Mapping[str, str] = {
    "access-control": "Somebody may do what they must not: authorisation, permissions, exposed components, CORS.",
    "authentication": "Who somebody is can be faked, guessed or skipped.",
    "challenge-expiry": "A challenge, token or code lives too long, or can be used twice.",
    "code-quality": "A mistake that is a weakness only with others.",
    "container": "How an image is built, or with what rights it runs.",
    "credential-validation": "A credential, certificate or signature is accepted without being checked.",
    "cryptography": "A weak algorithm, mode, key, or source of randomness.",
    "denial-of-service": "Input can exhaust time, memory or another resource.",
    "dependency": "A package with a known vulnerability.",
    "deserialization": "Data of strangers becomes objects.",
    "information-exposure": "Something is told to those who must not know it: errors, logs, plain text on the wire.",
    "infrastructure": "How clusters, clouds and services are configured.",
    "injection": "Input becomes code, a query, a command, markup or a log line.",
    "license": "A package's licence against a policy.",
    "memory-safety": "Memory is read or written where it must not be.",
    "path-traversal": "Input chooses a file, or a place in the file system.",
    "request-forgery": "A server or a browser is made to send a request: SSRF, CSRF, open redirect.",
    "secret": "A credential lies where it can be read.",
    "session": "Cookies and sessions without the protection they need.",
    "web-headers": "A response lacks a header that makes browsers careful, or tells too much in one.",
    "workflow": "How a CI workflow is triggered, what it may do, and what it runs.",
    OTHER: "None of these.",
}

# Rules whose name says more than their CWE, or that have none: tool (`*` is any), pattern of the rule, category.
_RULES: Sequence[tuple[str, str, str]] = (
    *(("*", f"{issuer}-*", "dependency") for issuer in ("CVE", "GHSA", "GO", "PYSEC", "RUSTSEC")),
    ("*", "*challenge*", "challenge-expiry"),
    ("*", "*replay*", "challenge-expiry"),
    ("*", "*webauthn*credential*", "credential-validation"),
    ("*", "*credential-validation*", "credential-validation"),
    ("*", "*origin-validation*", "credential-validation"),
    ("*", "*webauthn*", "authentication"),
    ("*", "*user-enumeration*", "authentication"),
    ("zizmor", "template-injection", "injection"),
    ("zizmor", "github-env", "injection"),
    ("zizmor", "*secret*", "secret"),
    ("zizmor", "hardcoded-container-credentials", "secret"),
    ("zizmor", "unpinned-images", "container"),
    ("zizmor", "*", "workflow"),
    ("actionlint", "*", "workflow"),
    ("*", "*github-actions*injection*", "injection"),
    ("*", "*github-actions*", "workflow"),
    ("*", "actions/code-injection*", "injection"),
    ("*", "actions/*", "workflow"),
    ("checkov", "CKV_GHA_*", "workflow"),
    ("checkov", "CKV2_GHA_*", "workflow"),
    ("checkov", "CKV_SECRET_*", "secret"),
    ("checkov", "CKV_DOCKER_*", "container"),
    ("checkov", "CKV2_DOCKER_*", "container"),
    ("checkov", "CKV_CVE_*", "dependency"),
    ("checkov", "*", "infrastructure"),
    ("snyk", "SNYK-CC-*", "infrastructure"),
    ("snyk", "SNYK-*", "dependency"),
    ("cfn-lint", "*", "infrastructure"),
    ("kics", "*", "infrastructure"),
    ("hadolint", "*", "container"),
    ("dockle", "*", "container"),
    ("gitleaks", "*", "secret"),
    ("trufflehog", "*", "secret"),
    ("detect-secrets", "*", "secret"),
    ("trivy", "license-*", "license"),
    ("trivy", "DS*", "container"),
    ("trivy", "DS-*", "container"),
    ("trivy", "KSV*", "infrastructure"),
    ("trivy", "AVD-*", "infrastructure"),
    ("trivy", "A[WZ][SU]*-*", "infrastructure"),
    ("*", "*dockerfile*", "container"),
    ("*", "*docker-compose*", "container"),
    ("*", "*terraform*", "infrastructure"),
    ("*", "*kubernetes*", "infrastructure"),
    ("*", "*hardcoded*", "secret"),
    ("*", "*detected-*-key*", "secret"),
    ("*", "*cookie*", "session"),
    ("*", "*session*", "session"),
    ("*", "*cors*", "access-control"),
    ("*", "*csrf*", "request-forgery"),
    ("shellcheck", "*", "code-quality"),
    ("yamllint", "*", "code-quality"),
    ("zap", "10010*", "session"),
    ("zap", "10011*", "session"),
    ("zap", "10054*", "session"),
    ("zap", "10015*", "web-headers"),
    ("zap", "1002[01]*", "web-headers"),
    ("zap", "1003[5-8]*", "web-headers"),
    ("zap", "10049*", "web-headers"),
    ("zap", "10055*", "web-headers"),
    ("zap", "10063*", "web-headers"),
    ("zap", "10098*", "access-control"),
    ("zap", "40040*", "access-control"),
    ("zap", "9000[45]*", "web-headers"),
    ("bandit", "B101", "code-quality"),
    ("bandit", "B110", "code-quality"),
    ("bandit", "B112", "code-quality"),
)

# Rules of reports that name no CWE: Bandit's before 1.7.3, gosec's before 2.2.
_RULES_WITHOUT_CWE: Sequence[tuple[str, str, str]] = (
    ("bandit", "B10[5-7]", "secret"),
    ("bandit", "B10[34]", "access-control"),
    ("bandit", "B108", "path-traversal"),
    ("bandit", "B113", "denial-of-service"),
    ("bandit", "B201", "injection"),
    ("bandit", "B202", "path-traversal"),
    ("bandit", "B30[12]", "deserialization"),
    ("bandit", "B403", "deserialization"),
    ("bandit", "B506", "deserialization"),
    ("bandit", "B30[345]", "cryptography"),
    ("bandit", "B311", "cryptography"),
    ("bandit", "B324", "cryptography"),
    ("bandit", "B413", "cryptography"),
    ("bandit", "B50[2-5]", "cryptography"),
    ("bandit", "B306", "path-traversal"),
    ("bandit", "B310", "request-forgery"),
    ("bandit", "B312", "information-exposure"),
    ("bandit", "B321", "information-exposure"),
    ("bandit", "B40[12]", "information-exposure"),
    ("bandit", "B323", "credential-validation"),
    ("bandit", "B50[17]", "credential-validation"),
    ("bandit", "B30[789]", "injection"),
    ("bandit", "B31[3-9]", "injection"),
    ("bandit", "B320", "injection"),
    ("bandit", "B40[4-9]", "injection"),
    ("bandit", "B41[0-2]", "injection"),
    ("bandit", "B6*", "injection"),
    ("bandit", "B70*", "injection"),
    ("gosec", "G101", "secret"),
    ("gosec", "G10[34]", "code-quality"),
    ("gosec", "G107", "request-forgery"),
    ("gosec", "G20*", "injection"),
    ("gosec", "G30[1267]", "access-control"),
    ("gosec", "G30[345]", "path-traversal"),
    ("gosec", "G40*", "cryptography"),
    ("gosec", "G50*", "cryptography"),
)

# CWE numbers by category.
_CWES: Mapping[str, str] = {
    "access-control": """
        264 266 267 268 269 270 271 272 273 274 275 276 277 278 279 280 281 282 283 284 285 286 346 425 441
        520 551 552 566 639 651 668 732 749 862 863 915 921 925 926 927 939 940 942 1021 1275 471
    """,
    "authentication": """
        287 288 289 290 291 302 303 304 305 306 307 308 309 521 523 549 603 620 640 645 836 1390 1391 1392 592
    """,
    "challenge-expiry": "294 298 324 672",
    "code-quality": """
        252 253 391 392 393 394 395 396 397 398 407 456 457 476 478 480 481 482 483 484 489 546 547 561 563
        570 571 573 595 597 617 628 665 670 676 682 684 685 687 688 690 691 703 704 705 710 754 755 758 783
        843 1068 1164 1357 696 1023
    """,
    "container": "250",
    "credential-validation": "293 295 296 297 299 345 347 348 350 351 353 354 494 599 829 830 300",
    "cryptography": """
        208 261 310 311 320 321 322 323 325 326 327 328 329 330 331 332 334 335 336 337 338 339 340 341 342
        343 344 759 760 780 916 1204 1240 1241
    """,
    "denial-of-service": """
        185 248 369 399 400 401 404 405 406 409 410 459 460 600 606 674 770 771 772 774 776 789 834 835 920
        1049 1050 1067 1088 1333
    """,
    "dependency": "937 1035 1104 1395 506",
    "deserialization": "470 502 913 1321",
    "information-exposure": """
        200 201 202 203 204 205 209 210 211 212 213 214 215 219 226 244 312 313 314 315 316 317 318 319 359
        385 402 403 488 497 524 525 526 527 528 529 530 531 532 533 535 536 537 538 539 540 541 548 550 598
        612 615 778 779 922 1230 1258 1295
    """,
    "infrastructure": "16 453 1032 1188",
    "injection": """
        20 74 75 76 77 78 79 80 81 82 83 84 85 86 87 88 89 90 91 92 93 94 95 96 97 98 99 102 112 113 115 116
        117 130 134 138 140 141 147 149 150 159 182 183 184 444 564 611 624 627 641 643 644 652 692 694 827
        917 943 1236 1286 1289 1336 1427 173 235 626
    """,
    "memory-safety": """
        119 120 121 122 123 124 125 126 127 128 129 131 170 188 190 191 192 193 194 195 196 197 362 364 366
        367 415 416 466 467 468 469 562 587 590 680 681 761 762 763 786 787 788 805 806 822 823 824 825 908
        909 1284 1325 1335
    """,
    "path-traversal": """
        22 23 24 25 26 27 28 29 30 31 32 35 36 37 38 39 40 41 59 61 62 64 65 66 67 73 178 377 378 379 386
        426 427 428 434 646 706
    """,
    "request-forgery": "352 601 610 918 1022",
    "secret": "255 256 257 258 259 260 522 555 798 1051 1052",
    "session": "384 565 579 613 614 784 1004",
    "web-headers": "436 693",
}
_BY_CWE = {int(number): name for name, numbers in _CWES.items() for number in numbers.split()}
_WORKFLOW = re.compile(r"(?:^|/)\.github/(?:workflows/|actions/)|(?:^|/)action\.ya?ml$|(?:^|/)\.gitlab-ci\.yml$")
_CONTAINER = re.compile(
    r"(?:^|/)(?:[^/]*\.)?(?:dockerfile|containerfile)(?:\.[^/]*)?$|(?:^|/)(?:docker-)?compose[^/]*\.ya?ml$",
    re.IGNORECASE,
)
_INFRASTRUCTURE = re.compile(r"\.(?:tf|tfvars|hcl|bicep)$|(?:^|/)(?:k8s|kubernetes|helm|charts)/", re.IGNORECASE)


def category(finding: Finding) -> str:
    """The vulnerability type of a finding: by its package, its rule, its CWEs, and the kind of file it is in."""
    if finding.package is not None:
        return "dependency"
    return (
        _by_rule(finding.tool, finding.rule)
        or next((_BY_CWE[number] for number in finding.cwes if number in _BY_CWE), None)
        or _by_rule(finding.tool, finding.rule, names_no_cwe=True)
        or _by_path(finding.path)
        or OTHER
    )


@functools.lru_cache(maxsize=20_000)
def _by_rule(tool: str, rule: str, *, names_no_cwe: bool = False) -> str | None:
    name = rule.lower()
    for wanted, pattern, found in _RULES_WITHOUT_CWE if names_no_cwe else _RULES:
        if wanted in {"*", tool} and fnmatch.fnmatchcase(name, pattern.lower()):
            return found
    return None


def _by_path(path: str | None) -> str | None:
    if path is None:
        return None
    kinds = ((_WORKFLOW, "workflow"), (_CONTAINER, "container"), (_INFRASTRUCTURE, "infrastructure"))
    return next((name for pattern, name in kinds if pattern.search(path)), None)
