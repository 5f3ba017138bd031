"""Where the reporting tool finds its database, the server and its folders."""

from dataclasses import dataclass, fields
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Settings:
    """What a deployment may set in `reporting.yaml`."""

    server: str = "http://localhost:8080"
    database: str = "reporting.sqlite"
    exports: str = "/tmp/orders-exports"
    warehouse: str = "https://warehouse.shop.invalid"
    warehouse_ca: str | None = None
    currency: str = "EUR"


def load(path: Path) -> Settings:
    """The settings in a file; unknown keys are refused."""
    with path.open(encoding="utf-8") as handle:
        values = yaml.load(handle, Loader=yaml.Loader) or {}
    known = {field.name for field in fields(Settings)}
    if unknown := sorted(set(values) - known):
        raise ValueError(f"{path}: unknown settings {', '.join(unknown)}")
    return Settings(**values)
