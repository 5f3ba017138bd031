"""SARIF 2.1.0 as far as findings need it, leniently: reports in the wild write null where the schema has none."""

from __future__ import annotations

from typing import Any

import msgspec

from workers.parsers.records import Record


class _Record(Record, rename="camel", gc=False):
    """Members secaid does not use are skipped without being decoded."""


class Message(_Record):
    """Text, or the id of a text that the rule or the tool holds."""

    text: str | None = None
    markdown: str | None = None
    id: str | None = None
    arguments: list[str] | None = None


class Content(_Record):
    """A part of a file."""

    text: str | None = None


class Region(_Record):
    """Lines and columns from 1, or offsets alone."""

    start_line: int | None = None
    start_column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    char_offset: int | None = None
    byte_offset: int | None = None
    snippet: Content | None = None


class ArtifactLocation(_Record):
    """A URI, or the index of one in `run.artifacts`."""

    uri: str | None = None
    uri_base_id: str | None = None
    index: int | None = None


class PhysicalLocation(_Record):
    """A place in a file."""

    artifact_location: ArtifactLocation | None = None
    region: Region | None = None
    context_region: Region | None = None


class LogicalLocation(_Record):
    """A function, a resource, a type; or the index of one in `run.logicalLocations`."""

    name: str | None = None
    fully_qualified_name: str | None = None
    index: int | None = None


class Location(_Record):
    """A place of either sort."""

    physical_location: PhysicalLocation | None = None
    logical_locations: list[LogicalLocation] | None = None
    message: Message | None = None


class ThreadFlowLocation(_Record):
    """One step of a flow, or the index of one in `run.threadFlowLocations`."""

    location: Location | None = None
    index: int | None = None


class ThreadFlow(_Record):
    """Steps on one thread."""

    locations: list[ThreadFlowLocation] | None = None


class CodeFlow(_Record):
    """How data comes from its source to the place that is reported."""

    thread_flows: list[ThreadFlow] | None = None


class Replacement(_Record):
    """One edit."""

    deleted_region: Region | None = None
    inserted_content: Content | None = None


class ArtifactChange(_Record):
    """The edits of one file."""

    artifact_location: ArtifactLocation | None = None
    replacements: list[Replacement] | None = None


class Fix(_Record):
    """Edits that the tool offers."""

    description: Message | None = None
    artifact_changes: list[ArtifactChange] | None = None


class Suppression(_Record):
    """Why a person or a comment in the source silenced a result."""

    kind: str | None = None
    status: str | None = None
    justification: str | None = None


class ComponentReference(_Record):
    """Which tool component an index counts in."""

    name: str | None = None
    index: int | None = None
    guid: str | None = None


class DescriptorReference(_Record):
    """A rule, or a taxon of a taxonomy."""

    id: str | None = None
    index: int | None = None
    guid: str | None = None
    tool_component: ComponentReference | None = None


class WebRequest(_Record):
    """What a dynamic scanner asked for."""

    target: str | None = None
    method: str | None = None


class Result(_Record):
    """One result."""

    rule_id: str | None = None
    rule_index: int | None = None
    rule: DescriptorReference | None = None
    kind: str | None = None
    level: str | None = None
    message: Message | None = None
    locations: list[Location] | None = None
    related_locations: list[Location] | None = None
    code_flows: list[CodeFlow] | None = None
    fingerprints: dict[str, Any] | None = None
    partial_fingerprints: dict[str, Any] | None = None
    suppressions: list[Suppression] | None = None
    baseline_state: str | None = None
    fixes: list[Fix] | None = None
    taxa: list[DescriptorReference] | None = None
    analysis_target: ArtifactLocation | None = None
    web_request: WebRequest | None = None
    properties: dict[str, Any] | None = None


class Configuration(_Record):
    """How a rule is set."""

    level: str | None = None
    enabled: bool | None = None


class Relationship(_Record):
    """A rule's tie to a taxon."""

    target: DescriptorReference | None = None


class Rule(_Record):
    """A rule, a taxon or a notification: all are reporting descriptors."""

    id: str | None = None
    guid: str | None = None
    name: str | None = None
    short_description: Message | None = None
    full_description: Message | None = None
    help: Message | None = None
    help_uri: str | None = None
    default_configuration: Configuration | None = None
    message_strings: dict[str, Message] | None = None
    relationships: list[Relationship] | None = None
    properties: dict[str, Any] | None = None


class Component(_Record):
    """The driver, an extension, or a taxonomy."""

    name: str | None = None
    guid: str | None = None
    version: str | None = None
    semantic_version: str | None = None
    rules: list[Rule] | None = None
    taxa: list[Rule] | None = None
    global_message_strings: dict[str, Message] | None = None


class Tool(_Record):
    """What scanned."""

    driver: Component
    extensions: list[Component] | None = None


class Notification(_Record):
    """What a tool says about its own run."""

    level: str | None = None
    message: Message | None = None
    locations: list[Location] | None = None


class ConfigurationOverride(_Record):
    """A rule's setting, changed for one invocation."""

    descriptor: DescriptorReference | None = None
    configuration: Configuration | None = None


class Invocation(_Record):
    """One run of the tool."""

    execution_successful: bool | None = None
    exit_code: int | None = None
    working_directory: ArtifactLocation | None = None
    tool_execution_notifications: list[Notification] | None = None
    tool_configuration_notifications: list[Notification] | None = None
    rule_configuration_overrides: list[ConfigurationOverride] | None = None


class Artifact(_Record):
    """A file that the run knows of."""

    location: ArtifactLocation | None = None
    roles: list[str] | None = None


class Provenance(_Record):
    """A repository that was scanned, and the base that stands for its root."""

    mapped_to: ArtifactLocation | None = None


class AutomationDetails(_Record):
    """Which run it is."""

    guid: str | None = None


class Run(_Record):
    """One run of one tool; its results stay raw, to be decoded one at a time."""

    tool: Tool
    results: list[msgspec.Raw] | None = None
    invocations: list[Invocation] | None = None
    artifacts: list[Artifact] | None = None
    original_uri_base_ids: dict[str, ArtifactLocation] | None = None
    logical_locations: list[LogicalLocation] | None = None
    thread_flow_locations: list[ThreadFlowLocation] | None = None
    taxonomies: list[Component] | None = None
    version_control_provenance: list[Provenance] | None = None
    automation_details: AutomationDetails | None = None
    external_property_file_references: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None


class ExternalProperties(_Record):
    """Parts of a run that stand apart from it."""

    guid: str | None = None
    run_guid: str | None = None
    driver: Component | None = None
    extensions: list[Component] | None = None
    results: list[msgspec.Raw] | None = None
    invocations: list[Invocation] | None = None
    artifacts: list[Artifact] | None = None
    logical_locations: list[LogicalLocation] | None = None
    thread_flow_locations: list[ThreadFlowLocation] | None = None
    taxonomies: list[Component] | None = None


class Log(_Record):
    """A SARIF file."""

    version: str | None = None
    runs: list[Run] | None = None
    inline_external_properties: list[ExternalProperties] | None = None
