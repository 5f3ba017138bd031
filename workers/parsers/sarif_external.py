"""SARIF's inline external properties: parts of runs that stand elsewhere in the same file, put back into their runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from workers.parsers.sarif_model import ExternalProperties, Log, Run, Tool

_LISTS = ("results", "invocations", "artifacts", "logical_locations", "thread_flow_locations", "taxonomies")


def runs_of(log: Log) -> list[Run]:
    """A log's runs, each with what the log holds for it apart; what names no run goes to the first one."""
    runs = list(log.runs or ())
    for part in log.inline_external_properties or ():
        number = next((index for index, run in enumerate(runs) if _belongs(part, run)), 0)
        if runs:
            runs[number] = _with(runs[number], part)
    return runs


def lies_elsewhere(run: Run, inline: list[ExternalProperties] | None) -> bool:
    """Whether results of this run stand in another file."""
    here = {part.guid for part in inline or () if part.guid}
    results = (run.external_property_file_references or {}).get("results")
    return any(item.get("guid") not in here for item in _references(results))


def _belongs(part: ExternalProperties, run: Run) -> bool:
    details = run.automation_details
    if part.run_guid and details and details.guid == part.run_guid:
        return True
    listed = (run.external_property_file_references or {}).values()
    return bool(part.guid) and any(item.get("guid") == part.guid for entry in listed for item in _references(entry))


def _references(entry: Any) -> Iterator[dict[str, Any]]:
    for item in entry if isinstance(entry, list) else [entry]:
        if isinstance(item, dict):
            yield item


def _with(run: Run, part: ExternalProperties) -> Run:
    tool = Tool(
        driver=part.driver or run.tool.driver,
        extensions=[*(run.tool.extensions or ()), *(part.extensions or ())],
    )
    joined = {name: [*(getattr(run, name) or ()), *(getattr(part, name) or ())] for name in _LISTS}
    return replace(run, tool=tool, **joined)
