"""Package managers that leave their caches and lists in the image."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from daemon.domain.fix import Candidate, Edit
from workers.fixers.docker.bases.images import base_of
from workers.fixers.docker.bases.old_pip import old_pip
from workers.fixers.docker.build import before, candidate, flagged, stage_of, trivy
from workers.fixers.docker.edits import insert_above, insert_behind_flags
from workers.fixers.docker.shell.cache_mount import by_root, homes, named_caches, refuse_mounted
from workers.fixers.docker.shell.command import Command
from workers.fixers.docker.shell.script import Script, scripts
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.dockerfile import Dockerfile

_MOUNTS = "a cache mount needs BuildKit, the default builder since Docker 23"
SMALLER = "The layer no longer holds what was downloaded only to install from it."


def mounted(file: Dockerfile, script: Script, folders: Sequence[str]) -> Candidate | None:
    """The folders on a cache mount; none where one is there, or where the step empties the folder, and so the cache."""
    one = script.instruction
    removed = [word.text for call in script.named("rm") for word in call.operands]
    if any(folder in path for path in removed for folder in folders):
        return None
    if any(flag.startswith("--mount") for flag in one.flags) and any(
        folder in " ".join(one.flags) for folder in folders
    ):
        return None
    sharing = ",sharing=locked" if folders[0].startswith("/var") else ""
    flags = " ".join(f"--mount=type=cache,target={folder}{sharing}" for folder in folders)
    # The packages themselves are deleted once they are installed, as the images of distributions are set up.
    spared = "fetches no list anew that did not change" if sharing else "downloads only what is new"
    how = (
        f"The builder keeps {' and '.join(folders)} between builds, outside of the image: smaller layers, and a "
        f"rebuild {spared}."
    )
    return candidate("cache-mount", [insert_behind_flags(file, one, flags)], how, ["RUN"], [_MOUNTS])


def appended(file: Dockerfile, script: Script, approach: str, command: str) -> Candidate:
    """One more command at the end of the step, which makes its layer smaller."""
    at, text = script.append(command)
    return candidate(
        approach,
        [file.edit(at, at, text)],
        f"{SMALLER} It must be the same RUN: a later one cannot shrink it.",
        ["RUN"],
    )


@fixer(
    name="docker-pip-cache",
    weakness="pip cache left in the image",
    rules={"hadolint": ["DL3042"], "semgrep": ["pip-no-cache-dir"]},
    explain="""pip keeps every wheel that it downloads or builds under ~/.cache/pip, for a next installation that an
image never has. `--no-cache-dir` turns that off for one call, `PIP_NO_CACHE_DIR` for all; a BuildKit cache mount
keeps the wheels for the next build, outside of the image.""",
)
def pip_cache(target: Target) -> Iterator[Candidate]:
    """The option, the variable for the whole stage, or a cache mount."""
    file, one = flagged(target, "RUN")
    refuse_mounted(file, one, "pip")
    script = Script(file, one)
    edits = [edit for call in script.commands if (edit := _no_cache_dir(file, call)) is not None]
    if not edits:
        message = f"{file.path}:{one.line} calls no pip install whose options are plain to see"
        raise NoFix(message)
    if all(edit.text == "--no-cache-dir" for edit in edits):
        how = "pip takes the start of the option for the whole, and keeps nothing; in full, every reader knows that."
        yield candidate("no-cache-dir", edits, how, ["RUN"])
        return
    yield candidate("no-cache-dir", edits, f"{SMALLER} The option says so where pip is called.", ["RUN"])
    stage = stage_of(file, one)
    if not old_pip(base_of(file, stage)):
        how = f"{SMALLER} The variable holds for every pip of the stage, and for those in the running container."
        edit = insert_above(file, stage.all("RUN")[0], "ENV PIP_NO_CACHE_DIR=1")
        yield candidate("pip-no-cache-variable", [edit], how, ["ENV"])
    usual = by_root(file, one) and not named_caches(file, "pip") and not homes(file)
    mount = mounted(file, script, ("/root/.cache/pip",)) if usual else None
    if mount:
        yield mount


def _no_cache_dir(file: Dockerfile, call: Command) -> Edit | None:
    """`--no-cache-dir` behind `install`, or in place of the start of it, which pip takes for the whole."""
    words = call.arguments
    if re.fullmatch(r"python[\d.]*", call.name):
        if [word.text for word in words[:2]] != ["-m", "pip"]:
            return None
        words = words[2:]
    elif not re.fullmatch(r"pip[\d.]*", call.name):
        return None
    install = next((word for word in words if not word.text.startswith("-")), None)
    if install is None or install.text != "install" or any(word.text == "--no-cache-dir" for word in words):
        return None
    short = next((word for word in words if re.fullmatch(r"--no-ca\w*(?:-\w*)?", word.text)), None)
    if short is not None:
        return file.edit(short.start, short.end, "--no-cache-dir")
    return file.edit(install.end, install.end, " --no-cache-dir")


@fixer(
    name="docker-apk-cache",
    weakness="apk cache left in the image",
    rules={"hadolint": ["DL3019"], "trivy": trivy(25), "semgrep": ["missing-apk-no-cache"]},
    explain="""`apk add` keeps its index under /var/cache/apk, where the image has no use for it. `--no-cache` fetches a
fresh index and leaves none, so that `apk update` is not needed either; a BuildKit cache mount keeps it for the next
build.""",
)
def apk_cache(target: Target) -> Iterator[Candidate]:
    """`--no-cache` at each add, without the update that it makes needless; or a cache mount."""
    file, one = flagged(target, "RUN")
    script = Script(file, one)
    adds = [(call, word) for call in script.named("apk") if (word := call.sub("add")) and not call.says("--no-cache")]
    if adds and all(call.says("--no-network") for call, _ in adds):
        message = f"{file.path}:{one.line} only marks packages that are there: `--no-network` fetches no index to keep"
        raise Harmless(message)
    if not adds:
        message = f"{file.path}:{one.line} calls no apk add without --no-cache"
        raise NoFix(message)
    edits = [file.edit(word.end, word.end, " --no-cache") for _, word in adds]
    edits += [
        file.edit(option.start, _next(call, option.start), "")
        for call, _ in adds
        for option in call.arguments
        if option.text in {"-U", "--update", "--update-cache"} and option is not call.arguments[-1]
    ]
    for call in script.named("apk"):
        if (word := call.sub("upgrade", "fix")) and not call.says("--no-cache"):
            edits.append(file.edit(word.end, word.end, " --no-cache"))
    chain = script.chain or []
    for call, following in itertools.pairwise(chain):
        if call.name == "apk" and call.sub("update") and len(call.words) == 2:
            edits.append(file.edit(call.whole, following.whole, ""))
    yield candidate("no-cache", edits, f"{SMALLER} `--no-cache` fetches the index by itself.", ["RUN"])
    above = [call for each in scripts(file, before(file, one, "RUN")) for call in each.named("apk")]
    # A mount would hide the index that an earlier step has fetched.
    mount = None if any(call.sub("update") for call in above) else mounted(file, script, ("/var/cache/apk",))
    if mount:
        yield mount


def _next(call: Command, start: int) -> int:
    return next(word.start for word in call.words if word.start > start)


@fixer(
    name="docker-yarn-cache",
    weakness="yarn cache left in the image",
    rules={"hadolint": ["DL3060"]},
    explain="""Yarn copies every package into its cache before it installs it, and the image has no use for the second
copy. `yarn cache clean` in the same RUN takes it out; a BuildKit cache mount keeps it for the next build.""",
)
def yarn_cache(target: Target) -> Iterator[Candidate]:
    """Clean in the same RUN, or keep the cache on a mount."""
    file, one = flagged(target, "RUN")
    refuse_mounted(file, one, "yarn")
    script = Script(file, one)
    if not script.named("yarn"):
        message = f"{file.path}:{one.line} calls no yarn"
        raise NoFix(message)
    yield appended(file, script, "cache-clean", "yarn cache clean")
    usual = by_root(file, one) and not named_caches(file, "yarn") and not homes(file)
    mount = mounted(file, script, ("/root/.yarn", "/usr/local/share/.cache/yarn")) if usual else None
    if mount:
        yield mount
