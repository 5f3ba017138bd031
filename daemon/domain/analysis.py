"""An analysis: what a finding means, in plain words."""

from __future__ import annotations

import enum

import msgspec


class CodeContext(msgspec.Struct, frozen=True, kw_only=True):
    """The code around a finding, read at the scanned commit."""

    path: str
    language: str | None
    start_line: int
    """Line of the first line of `text`, from 1."""
    text: str
    """Secrets masked; bounded by the settings."""
    function: str | None = None
    """Name of the enclosing function, by tree-sitter."""
    class_name: str | None = None


class AnalysisSource(enum.StrEnum):
    """Who wrote an analysis."""

    MODEL = "model"
    RULE = "rule"
    """The scanner's own help text: no model was asked, or its reply was not valid."""


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """Impact, remediation and prevention of one finding."""

    impact: str
    remediation: str
    prevention: str
    confidence: float = 0.0
    """0–1; 0 where a rule's help stands in for a model."""
    source: AnalysisSource = AnalysisSource.MODEL
    model: str | None = None
    """Model directory's name, with its adapter."""
    prompt_sha256: str | None = None
    """Key of the content-addressed cache: model, prompt and parameters."""
    note: str | None = None
    """Why it is not a model's, where it is not."""
