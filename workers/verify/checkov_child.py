"""Runs inside Checkov's own environment: one JSON question a line on stdin, one JSON answer a line on stdout.

It imports nothing of secaid's. Configuration files and external checks of the scanned folder are never loaded.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

_RUNNERS = {
    "dockerfile": "checkov.dockerfile.runner",
    "github_actions": "checkov.github_actions.runner",
    "kubernetes": "checkov.kubernetes.runner",
    "terraform": "checkov.terraform.runner",
    "cloudformation": "checkov.cloudformation.runner",
    "openapi": "checkov.openapi.runner",
}


_NEWER_SCOPES = ("artifact-metadata", "attestations", "models")
"""Scopes of a workflow's token that Checkov's schema does not know: it skips files that name one, without a word."""


def main() -> None:
    """Answer until stdin ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    # Whatever Checkov prints must not mix with the answers.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    os.environ.update(BC_SKIP_MAPPING="TRUE", LOG_LEVEL="ERROR", CHECKOV_RUN_SCA_PACKAGE_SCAN_V2="false")
    for line in sys.stdin:
        question = json.loads(line)
        answers.write(_answer(question["root"], question["frameworks"]) + "\n")
        answers.flush()


def _answer(root: str, frameworks: list[str]) -> str:
    reports = _run(root, frameworks)
    encoder = importlib.import_module("checkov.common.util.json_utils").CustomJSONEncoder
    documents = []
    for report in reports:
        document = report.get_dict(is_quiet=True)
        if isinstance(document.get("results"), dict):
            document["results"].pop("passed_checks", None)
            documents.append(document)
    read = {
        record.file_path.lstrip("/")
        for report in reports
        for record in (*report.passed_checks, *report.failed_checks, *report.skipped_checks)
    }
    errors = [str(error) for report in reports for error in report.parsing_errors]
    return json.dumps({"report": documents, "read": sorted(read), "errors": errors}, cls=encoder)


def _run(root: str, frameworks: list[str]) -> list[Any]:
    runner_filter = importlib.import_module("checkov.runner_filter").RunnerFilter
    registry = importlib.import_module("checkov.common.runners.runner_registry").RunnerRegistry
    if "github_actions" in frameworks:
        _extend_schema()
    runners = [importlib.import_module(_RUNNERS[name]).Runner() for name in frameworks]
    chosen = runner_filter(framework=frameworks, download_external_modules=False, deep_analysis=False)
    os.chdir(root)
    reports: list[Any] = registry("", chosen, *runners).run(
        root_folder=root, external_checks_dir=None, collect_skip_comments=True
    )
    return reports


def _extend_schema() -> None:
    schemas = importlib.import_module("checkov.github_actions.schemas")
    for definition in schemas.gha_workflow["definitions"].values():
        scopes = definition.get("properties", {})
        if "security-events" in scopes:
            scopes |= dict.fromkeys(_NEWER_SCOPES, scopes["security-events"])


if __name__ == "__main__":
    main()
