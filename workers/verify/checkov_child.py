"""Runs inside Checkov's own environment: one JSON question a line on stdin, one JSON answer a line on stdout.

It imports nothing of secaid's. Configuration files and external checks of the scanned folder are never loaded.
Variants of a Terraform module differ in a few lines: what its other files and expressions mean is worked out once.
"""

from __future__ import annotations

import functools
import importlib
import json
import logging
import os
import pickle
import sys
from collections.abc import Callable
from typing import Any, TextIO

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
_REMEMBERED_FILES, _REMEMBERED_EXPRESSIONS = 256, 8192


def main() -> None:
    """Answer until stdin ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    # Whatever Checkov prints must not mix with the answers.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    os.environ.update(BC_SKIP_MAPPING="TRUE", LOG_LEVEL="ERROR", CHECKOV_RUN_SCA_PACKAGE_SCAN_V2="false")
    # Checkov keeps every debug line in memory, for as long as it lives.
    logging.disable(logging.WARNING)
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
    if "terraform" in frameworks:
        _remember()
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


@functools.cache
def _remember() -> None:
    """Files and expressions of Terraform are parsed and evaluated once: two thirds of a scan, the same every time."""
    hcl2: Any = importlib.import_module("hcl2")
    rendering: Any = importlib.import_module("checkov.terraform.graph_builder.variable_rendering.evaluate_terraform")
    loads = _once(hcl2.loads, _REMEMBERED_FILES)

    def load(file: TextIO) -> Any:
        return loads(file.read())

    hcl2.load = load
    rendering.evaluate = _once(rendering.evaluate, _REMEMBERED_EXPRESSIONS)


def _once(function: Callable[[Any], Any], most: int) -> Callable[[Any], Any]:
    """The function, asked once for each of the last texts; every caller gets a value of its own, or the error."""

    @functools.lru_cache(maxsize=most)
    def known(text: str) -> Callable[[], Any]:
        try:
            value = function(text)
        except Exception as error:  # noqa: BLE001  the caller's to handle, as often as it asks
            return functools.partial(_fail, error)
        try:
            return functools.partial(pickle.loads, pickle.dumps(value))
        except (pickle.PicklingError, AttributeError, TypeError):
            # The name of one of Terraform's functions is evaluated to that function, which is nobody's own.
            return lambda: value

    return lambda text: known(text)() if isinstance(text, str) else function(text)


def _fail(error: Exception) -> None:
    raise error.with_traceback(None)


if __name__ == "__main__":
    main()
