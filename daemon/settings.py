"""Settings: `config/default.yaml` < the user's `config.yaml` < the environment; checked once, passed down.

This is the only module that reads the environment.
"""

from __future__ import annotations

import difflib
import os
import re
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from daemon.errors import SettingsError
from daemon.paths import Paths, paths
from daemon.resources import resource

_PREFIX = "SECAID_"
_ALIASES = {
    "OLMO_BASE_MODELS_DIR": ("model", "directory"),
    "OLMO_DEFAULT_BASE_MODEL": ("model", "base"),
}
_NOT_SETTINGS = {"SECAID_HOME", "SECAID_GITHUB_TOKEN"}
"""Variables of secaid's that other modules are given through `Settings`."""
EMBEDDED = "embedded"
"""As `model.base`: the small model that comes inside a package."""
EMBEDDED_MODEL = "SmolLM2-135M-Instruct-4bit"
"""The name of its directory."""

Positive = typing.Annotated[int, msgspec.Meta(gt=0)]
NotNegative = typing.Annotated[int, msgspec.Meta(ge=0)]
PositiveFloat = typing.Annotated[float, msgspec.Meta(gt=0)]
Fraction = typing.Annotated[float, msgspec.Meta(ge=0, le=1)]
Hour = typing.Annotated[int, msgspec.Meta(ge=0, le=23)]
RepositoryName = typing.Annotated[str, msgspec.Meta(pattern=r"^(?!\.{1,2}/)[\w.-]+/(?!\.{1,2}$)[\w.-]+$")]


class _Section(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A section refuses keys it does not know."""


class Database(_Section, frozen=True, kw_only=True):
    """Where the queue and the results live."""

    url: str


class Storage(_Section, frozen=True, kw_only=True):
    """Where artifacts and models live."""

    url: str


class Repository(_Section, frozen=True, kw_only=True):
    """One repository to poll."""

    name: RepositoryName
    branches: tuple[str, ...] = ()
    """Glob patterns; empty means every branch."""
    artifacts: tuple[str, ...] = ("*",)
    """Glob patterns of artifact names."""
    checkout: str | None = None
    """A local clone to read the scanned commit from, instead of a mirror."""


class Poll(_Section, frozen=True, kw_only=True):
    """What the poller watches."""

    api_url: str
    interval_seconds: Positive
    backfill_days: NotNegative
    repositories: tuple[Repository, ...]
    watch: tuple[str, ...]


class Limits(_Section, frozen=True, kw_only=True):
    """Bounds on hostile input."""

    archive_bytes: Positive
    archive_files: Positive
    archive_ratio: Positive
    report_bytes: Positive
    report_rows: Positive


class Queue(_Section, frozen=True, kw_only=True):
    """Leases, retries and retention."""

    lease_seconds: PositiveFloat
    heartbeat_seconds: PositiveFloat
    max_attempts: Positive
    retention_days: Positive


class Workers(_Section, frozen=True, kw_only=True):
    """Bounds on the heavy child processes."""

    idle_exit_seconds: NotNegative
    job_timeout_seconds: Positive
    child_memory_mb: Positive


class Power(_Section, frozen=True, kw_only=True):
    """When heavy kinds may run."""

    heavy_kinds: tuple[str, ...]
    require_ac: bool
    max_load: PositiveFloat
    window: typing.Annotated[tuple[Hour, ...], msgspec.Meta(max_length=2)]

    def __post_init__(self) -> None:
        """Two hours, or none."""
        if len(self.window) == 1:
            message = "Expected two hours such as [22, 6], or [] for any time"
            raise ValueError(message)


class Model(_Section, frozen=True, kw_only=True):
    """Which models are used."""

    base: str
    directory: str
    embedding: str

    @property
    def base_name(self) -> str:
        """The name of the base model's directory, which releases call their base model."""
        return EMBEDDED_MODEL if self.base == EMBEDDED else Path(self.base).name


class AnalysisSettings(_Section, frozen=True, kw_only=True):
    """How findings are explained."""

    batch_size: Positive
    max_new_tokens: Positive
    context_lines: Positive
    model_findings: NotNegative
    without_code: bool


class Enrichment(_Section, frozen=True, kw_only=True):
    """How findings are fixed."""

    batch_size: Positive
    similar_cases: NotNegative
    model_findings: NotNegative
    max_new_tokens: Positive


class Training(_Section, frozen=True, kw_only=True):
    """When and how the model is tuned."""

    min_new_examples: Positive
    stage1_iterations: Positive
    stage1_learning_rate: PositiveFloat
    stage2_iterations: Positive
    stage2_learning_rate: PositiveFloat
    batch_size: Positive
    max_tokens: Positive
    lora_rank: Positive
    lora_scale: PositiveFloat
    lora_dropout: Fraction
    lora_layers: Positive
    replay: Fraction
    validation_examples: NotNegative
    evaluation_findings: Positive


class Verification(_Section, frozen=True, kw_only=True):
    """Bounds on scanner runs."""

    scanners: str
    timeout_seconds: Positive
    parallel: Positive


class Logging(_Section, frozen=True, kw_only=True):
    """What is logged, and how long it is kept."""

    level: typing.Literal["debug", "info", "warning", "error"]
    rotate_megabytes: Positive
    keep: Positive


class Settings(_Section, frozen=True, kw_only=True):
    """All of them, checked."""

    database: Database
    storage: Storage
    poll: Poll
    limits: Limits
    queue: Queue
    workers: Workers
    power: Power
    model: Model
    analysis: AnalysisSettings
    enrichment: Enrichment
    training: Training
    verification: Verification
    logging: Logging


def load(environment: Mapping[str, str] | None = None, *, profile: str | None = None) -> tuple[Settings, Paths]:
    """Read, merge and check every setting.

    A `profile` (`demo`) is a shipped file between the defaults and the user's; it has a home of its own
    below the data folder.

    Raises:
        SettingsError: a file cannot be read, a key is unknown or a value has the wrong type; the
            message names the file or variable, the key, and the nearest known key.
    """
    environment = os.environ if environment is None else environment
    where = paths(environment)
    default = resource("config", "default.yaml")
    merged = _read(default)
    if profile:
        where = paths({"SECAID_HOME": str(where.data / profile)})
        merged = _merge(merged, _read(resource("config", f"{profile}.yaml")))
    if where.user_settings.exists():
        user = _read(where.user_settings)
        _check(_merge(merged, user), str(where.user_settings))
        merged = _merge(merged, user)
    for variable, (section, key), value in _overrides(environment, merged):
        merged = _merge(merged, {section: {key: value}})
        _check(merged, f"environment variable {variable}")
    return _check(merged, str(default)), where


def github_token(environment: Mapping[str, str] | None = None) -> str | None:
    """A GitHub token from the environment, if there is one."""
    environment = os.environ if environment is None else environment
    for variable in ("SECAID_GITHUB_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"):
        if value := environment.get(variable, "").strip():
            return value
    return None


def environment() -> Mapping[str, str]:
    """The environment of this process, for what hands it on."""
    return os.environ


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        message = f"{path}: cannot be read as YAML: {error}"
        raise SettingsError(message) from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        message = f"{path}: must hold sections such as `poll:`, not a {type(content).__name__}"
        raise SettingsError(message)
    return content


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def _overrides(environment: Mapping[str, str], known: Mapping[str, Any]) -> list[tuple[str, tuple[str, str], Any]]:
    found: list[tuple[str, tuple[str, str], Any]] = [
        (variable, place, environment[variable]) for variable, place in _ALIASES.items() if environment.get(variable)
    ]
    names = {f"{_PREFIX}{section}_{key}".upper(): (section, key) for section in known for key in known[section]}
    for variable, text in sorted(environment.items()):
        if not variable.startswith(_PREFIX) or variable in _NOT_SETTINGS:
            continue
        if variable not in names:
            message = f"environment variable {variable} is not a setting{_suggest(variable, names)}"
            raise SettingsError(message)
        found.append((variable, names[variable], _value(text, known[names[variable][0]][names[variable][1]])))
    return found


def _value(text: str, default: Any) -> Any:
    """A string setting takes its text as it is; every other one is read as YAML."""
    return text if isinstance(default, str) else yaml.safe_load(text)


def _check(merged: Mapping[str, Any], origin: str) -> Settings:
    try:
        return msgspec.convert(merged, Settings)
    except msgspec.ValidationError as error:
        message = f"{origin}: {_explain(str(error))}"
        raise SettingsError(message) from error


def _explain(problem: str) -> str:
    unknown = re.match(r"Object contains unknown field `(?P<key>[^`]*)`(?: - at `\$\.?(?P<at>[^`]*)`)?", problem)
    if not unknown:
        return problem.replace(" - at `$.", " at `")
    section = unknown["at"] or ""
    fields = Settings.__struct_fields__ if not section else tuple(_section_fields(section))
    where = f"`{section}.{unknown['key']}`" if section else f"`{unknown['key']}`"
    return f"unknown key {where}{_suggest(unknown['key'], fields)}"


def _section_fields(section: str) -> tuple[str, ...]:
    kind: Any = Settings
    for part in re.sub(r"\[[^\]]*\]", "", section).split("."):
        kind = typing.get_type_hints(kind).get(part, Settings)
        if args := typing.get_args(kind):
            kind = args[0]
    return tuple(getattr(kind, "__struct_fields__", ()))


def _suggest(key: str, known: typing.Iterable[str]) -> str:
    near = difflib.get_close_matches(key, list(known), n=1)
    return f"; did you mean `{near[0]}`?" if near else "; see config/default.yaml for the known ones"
