"""What travels with secaid is found in a checkout and in a wheel; a file that a wheel lacks breaks an installation."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from daemon.service.unit import UNITS

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not (ROOT / "pyproject.toml").exists(), reason="this is not a checkout")


def mapped() -> dict[str, str]:
    """Path in the checkout → path in the wheel."""
    built = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    found: dict[str, str] = built["force-include"]
    return found


def asked_for() -> set[str]:
    """The first words of every `resource(…)` in the source."""
    found = set()
    for file in [*(ROOT / "daemon").rglob("*.py"), *(ROOT / "workers").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "resource":
                words = []
                for word in node.args:
                    if not isinstance(word, ast.Constant):
                        break
                    words.append(str(word.value))
                assert words, f"{file}:{node.lineno}: name the folder"
                found.add("/".join(words))
    return found


def test_everything_that_the_code_asks_for_is_here_and_goes_into_the_wheel() -> None:
    wanted = asked_for()
    assert {"config/default.yaml", "launchd/systemd", "migrations"} <= wanted
    for path in sorted(wanted):
        assert (ROOT / path).exists(), path
        assert any(path == source or path.startswith(f"{source}/") for source in mapped()), f"{path} is in no wheel"


def test_the_build_names_nothing_that_is_not_here() -> None:
    """The build of a wheel, and of an editable installation, stops at a missing folder."""
    for source, target in mapped().items():
        assert (ROOT / source).exists(), source
        assert target == f"daemon/_data/{source}"


def test_an_installed_secaid_finds_its_files(tmp_path: Path) -> None:
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "daemon", tmp_path / "daemon", ignore=ignore)
    for source, target in mapped().items():
        place = tmp_path / target
        place.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, place, ignore=ignore)
        else:
            shutil.copy(ROOT / source, place)
    files = [*asked_for(), *(f"launchd/dev.secaid.{unit}.plist" for unit in UNITS)]
    files += [f"launchd/systemd/secaid-{unit}.service" for unit in UNITS]
    code = (
        "import sys; from daemon.resources import resource\n"
        "for path in sys.argv[1:]: print(resource(*path.split('/')).is_relative_to(sys.path[0] + '/daemon/_data'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[0] = {str(tmp_path)!r}\n{code}", *files],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout.split() == ["True"] * len(files)
