"""Where secaid keeps things: the platform's directories, or all of it under SECAID_HOME."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import platformdirs

_APP = "secaid"


@dataclasses.dataclass(frozen=True, slots=True)
class Paths:
    """The folders of one installation. None of them needs to exist."""

    config: Path
    data: Path
    cache: Path
    logs: Path
    run: Path
    """Doorbells, locks and pid files."""

    @property
    def user_settings(self) -> Path:
        """The user's settings file."""
        return self.config / "config.yaml"

    @property
    def database(self) -> Path:
        """The default SQLite database."""
        return self.data / "secaid.db"

    @property
    def artifacts(self) -> Path:
        """Stored artifacts, by their SHA-256."""
        return self.data / "artifacts"

    @property
    def mirrors(self) -> Path:
        """Bare partial mirrors of the scanned repositories."""
        return self.data / "mirrors"

    @property
    def index(self) -> Path:
        """The vector index."""
        return self.data / "index"

    @property
    def scanners(self) -> Path:
        """One environment per scanner, apart from secaid's own."""
        return self.data / "scanners"

    @property
    def staging(self) -> Path:
        """Files being written; each is renamed out of here when it is whole."""
        return self.data / "staging"


def paths(environment: Mapping[str, str]) -> Paths:
    """The folders for this environment; `SECAID_HOME` puts everything in one folder."""
    home = environment.get("SECAID_HOME")
    if home:
        root = Path(home).expanduser().resolve()
        return Paths(root, root, root / "cache", root / "logs", root / "run")
    dirs = platformdirs.PlatformDirs(_APP, appauthor=False)
    return Paths(
        config=dirs.user_config_path,
        data=dirs.user_data_path,
        cache=dirs.user_cache_path,
        logs=dirs.user_log_path,
        run=dirs.user_data_path / "run",
    )
