"""A SARIF log as large as GitHub takes: 25,000 results of 400 rules in 2,500 files, over 50 MB, like a real one."""

from __future__ import annotations

import json
import random
from typing import Any

RESULTS = 25_000
_RULES = 400
_FILES = 2500
_WORDS = (
    "the value of this parameter flows from an untrusted request into a query that is built by hand and so may change "
    "what it means unless every part of it is escaped or bound before the driver sees it whichever path was taken"
)
_TAINT = ("request.args", "cookies", "headers", "body.json", "params", "socket.recv")


def made_report(results: int = RESULTS, *, seed: int = 1) -> bytes:
    """The log's bytes; the same for the same arguments."""
    chance = random.Random(seed)
    files = [f"src/{chance.choice('abcdef')}{number // 50}/module_{number}.py" for number in range(_FILES)]
    rules = [_rule(number, chance) for number in range(_RULES)]
    run = {
        "tool": {"driver": {"name": "CodeQL", "semanticVersion": "2.20.1", "rules": rules}},
        "artifacts": [{"location": {"uri": file, "uriBaseId": "%SRCROOT%"}} for file in files],
        "originalUriBaseIds": {"%SRCROOT%": {"uri": "file:///home/runner/work/shop/shop/"}},
        "results": [_result(number, files, chance) for number in range(results)],
        "columnKind": "utf16CodeUnits",
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log).encode()


def _rule(number: int, chance: random.Random) -> dict[str, Any]:
    text = _sentence(chance, 60)
    return {
        "id": f"py/weakness-{number}",
        "name": f"py/weakness-{number}",
        "shortDescription": {"text": _sentence(chance, 6)},
        "fullDescription": {"text": text},
        "help": {"text": text * 4, "markdown": f"# Weakness {number}\n{text * 4}"},
        "defaultConfiguration": {"level": chance.choice(("error", "warning", "note"))},
        "properties": {
            "tags": ["security", f"external/cwe/cwe-{chance.choice((22, 78, 79, 89, 502, 918)):03d}"],
            "precision": "high",
            "security-severity": str(chance.choice((9.8, 7.5, 6.1, 4.3))),
        },
    }


def _sentence(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(_WORDS.split(), k=words))


def _result(number: int, files: list[str], chance: random.Random) -> dict[str, Any]:
    rule, file, line = number % _RULES, chance.randrange(len(files)), chance.randint(20, 2000)
    place = _place(file, files, line, chance)
    steps = [_place(chance.randrange(len(files)), files, chance.randint(1, 2000), chance) for _ in range(2)]
    return {
        "ruleId": f"py/weakness-{rule}",
        "ruleIndex": rule,
        "rule": {"id": f"py/weakness-{rule}", "index": rule},
        "message": {"text": f"This query depends on a [user-provided value](1): {_sentence(chance, 12)}."},
        "locations": [place],
        "partialFingerprints": {
            "primaryLocationLineHash": f"{chance.getrandbits(64):016x}:1",
            "primaryLocationStartColumnFingerprint": "4",
        },
        "codeFlows": [{"threadFlows": [{"locations": [{"location": step} for step in (*steps, place)]}]}],
        "relatedLocations": [{"id": 1, **steps[0], "message": {"text": "user-provided value"}}],
    }


def _place(file: int, files: list[str], line: int, chance: random.Random) -> dict[str, Any]:
    code = f"cursor.execute('SELECT {chance.getrandbits(32):x} FROM t WHERE id=' + {chance.choice(_TAINT)})"
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": files[file], "uriBaseId": "%SRCROOT%", "index": file},
            "region": {"startLine": line, "startColumn": 9, "endColumn": 60, "snippet": {"text": code}},
            "contextRegion": {"startLine": line - 2, "endLine": line + 2},
        },
        "message": {"text": chance.choice(_TAINT)},
    }
