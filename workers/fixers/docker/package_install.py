"""How packages are installed: prompts, recommended extras, the interactive front end, lists updated alone."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.docker.bases.recommended import kept
from workers.fixers.docker.build import after, candidate, flagged, read, stage_of, trivy
from workers.fixers.docker.shell.command import Command
from workers.fixers.docker.shell.merge import merged
from workers.fixers.docker.shell.script import Script, scripts
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.dockerfile import Dockerfile, Instruction

_APT = ("apt-get", "apt", "aptitude")
_SAME = frozenset(
    ("update", "upgrade", "install", "remove", "purge", "autoremove", "clean", "autoclean", "source", "build-dep")
)
_RENAMED = {"full-upgrade": "dist-upgrade"}
_QUERY = frozenset(("search", "show", "policy", "depends", "rdepends"))


def _installs(script: Script, *programs: str, verb: tuple[str, ...] = ("install",)) -> list[tuple[Command, int]]:
    """The installing calls, and where an option goes: behind the verb."""
    return [(call, word.end) for call in script.named(*programs) if (word := call.sub(*verb)) is not None]


def _missing(target: Target, what: str) -> NoFix:
    return NoFix(f"{target.finding.path}:{target.finding.line} has no {what} that is plain to see")


@fixer(
    name="docker-apt-recommends",
    weakness="recommended packages installed",
    rules={"hadolint": ["DL3015"], "trivy": trivy(29), "semgrep": ["missing-no-install-recommends"]},
    explain="""apt installs what a package recommends along with what it needs: documentation, fonts, daemons. In an
image that is size and attack surface that nobody asked for. `--no-install-recommends` leaves it out; what turns out
to be missing is then named in the Dockerfile.""",
)
def recommends(target: Target) -> Iterator[Candidate]:
    """The option, or its long form, at each install."""
    file, one = flagged(target, "RUN")
    script = Script(file, one)
    found = [(call, at) for call, at in _installs(script, *_APT) if "--no-install-recommends" not in _words(call)]
    if not found:
        raise _missing(target, "apt-get install")
    warning = "a recommended package that the build or the program relied on has to be named"
    how = "Installs what is named and what that needs, and nothing else."
    needed = [edit for call, _ in found for edit in kept(file, one, call)]
    if needed:
        named = ", ".join(edit.text.strip() for edit in needed)
        how = f"{how} What came along as a recommendation, and is relied on, is named: {named}."
    for approach, option in (
        ("no-install-recommends", "--no-install-recommends"),
        ("recommends-false", "-o APT::Install-Recommends=false"),
    ):
        edits = [*(file.edit(at, at, f" {option}") for _, at in found), *needed]
        yield candidate(approach, edits, how, ["RUN"], [warning])


def _words(call: Command) -> set[str]:
    return {word.text for word in call.arguments}


@fixer(
    name="docker-apt-command",
    weakness="apt in a script",
    rules={"hadolint": ["DL3027"], "checkov": ["CKV_DOCKER_9"], "semgrep": ["avoid-apt"]},
    explain="""`apt` is made for people at a terminal: its manual says that its options and output may change between
releases, and it prints a warning when a script uses it. `apt-get` and `apt-cache` keep their interface.""",
)
def apt_command(target: Target) -> Iterator[Candidate]:
    """apt-get, or apt-cache for questions."""
    file, one = flagged(target, "RUN")
    edits = _renamed(file, Script(file, one))
    if not edits:
        raise _missing(target, "apt call")
    how = "The same verbs and options, by the program that is made for scripts."
    yield candidate("apt-get", edits, how, ["RUN"])
    every = scripts(file, [each for each in file.instructions if each.keyword == "RUN"])
    whole = [edit for script in every for edit in _renamed(file, script)]
    if len(whole) > len(edits):
        yield candidate("apt-get-throughout", whole, f"{how} So do the file's other steps.", ["RUN"])


def _renamed(file: Dockerfile, script: Script) -> list[Edit]:
    edits = []
    for call in script.named("apt"):
        verb = call.operands[0] if call.operands else None
        if verb is None or verb.text not in _SAME | _QUERY | _RENAMED.keys():
            where = f"{file.path}:{script.instruction.line}"
            message = f"{where}: `apt {verb.text if verb else ''}` has no counterpart in apt-get"
            raise NoFix(message)
        start = call.program.end - len("apt")
        edits.append(file.edit(start, call.program.end, "apt-cache" if verb.text in _QUERY else "apt-get"))
        if verb.text in _RENAMED:
            edits.append(file.edit(verb.start, verb.end, _RENAMED[verb.text]))
    return edits


_ASSUME_YES: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "DL3014": (_APT, ("install",), ("-y", "--yes", "--assume-yes", "-qq"), ("-y", "--assume-yes")),
    "DL3030": (("yum",), ("install", "groupinstall", "localinstall"), ("-y", "--assumeyes"), ("-y", "--assumeyes")),
    "DL3038": (
        ("dnf", "microdnf"),
        ("install", "groupinstall", "localinstall"),
        ("-y", "--assumeyes"),
        ("-y", "--assumeyes"),
    ),
    "DL3034": (
        ("zypper",),
        ("install", "in", "remove", "rm", "patch"),
        ("-n", "--non-interactive", "-y", "--no-confirm"),
        ("-y", "--non-interactive"),
    ),
}


@fixer(
    name="docker-assume-yes",
    weakness="installation asks a question",
    rules={
        "hadolint": list(_ASSUME_YES),
        "trivy": trivy(21),
        "semgrep": ["missing-assume-yes-switch", "missing-yum-assume-yes-switch"],
    },
    explain="""Nobody sits at a build's terminal: a package manager that asks "Do you want to continue?" reads the end
of its input as a no, and the build fails. Say yes beforehand.""",
)
def assume_yes(target: Target) -> Iterator[Candidate]:
    """The option at each install, short or long."""
    file, one = flagged(target, "RUN")
    script = Script(file, one)
    rule = target.finding.rule
    chosen = [_ASSUME_YES[rule]] if rule in _ASSUME_YES else list(_ASSUME_YES.values())
    for programs, verbs, present, options in chosen:
        calls = [(call, at) for call, at in _installs(script, *programs, verb=verbs) if not call.says(*present)]
        for option in options if calls else ():
            approach = "short-option" if len(option) == 2 else "long-option"
            # zypper takes this one in front of what it is to do.
            places = [call.program.end if option == "--non-interactive" else at for call, at in calls]
            how = "The installation goes ahead without asking, as every build that passed already did."
            yield candidate(approach, [file.edit(at, at, f" {option}") for at in places], how, ["RUN"])
        if calls:
            return
    raise _missing(target, "installation that asks")


@fixer(
    name="docker-update-alone",
    weakness="package lists updated alone",
    rules={"checkov": ["CKV_DOCKER_5"], "trivy": trivy(17), "hadolint": [], "semgrep": ["avoid-update-alone"]},
    explain="""A RUN with `apt-get update` alone is cached: the installation in the next RUN then works with the lists
of the day when the layer was built, asks for packages that are gone, and misses security updates. Update and install
belong in one RUN.""",
)
def update_alone(target: Target) -> Iterator[Candidate]:
    """Join the RUN with the installation behind it, or move the update there."""
    file = read(target)
    line = target.finding.line or 0
    alone = [one for one in file.instructions if one.keyword == "RUN" and _updates_alone(file, one)]
    chosen = min(alone, key=lambda one: abs(one.line - line), default=None)
    if chosen is None:
        raise _missing(target, "RUN that only updates the lists")
    script = Script(file, chosen)
    behind = [
        each
        for each in scripts(file, after(stage_of(file, chosen), chosen))
        if any(call.sub("install", "add") for call in each.named(*_APT, "apk", "yum", "dnf"))
    ]
    if not behind or any(call.sub("update") for call in behind[0].named(*_APT, "apk", "yum", "dnf")):
        how = "Nothing installs from the lists that this step fetches: without it, the image is the same and smaller."
        warning = "an image that is built on this one, and installs without an update of its own, needs one"
        yield candidate("remove", [file.delete(chosen)], how, ["RUN/delete"], [] if behind else [warning])
        return
    how = "The lists are always as new as the installation that reads them, and both are one layer."
    if joined := merged(file, chosen, behind[0].instruction):
        yield candidate("join", joined, how, ["RUN", "RUN/delete"])
    first = behind[0].commands[0]
    update = script.commands[0]
    text = file.slice(update.whole, update.end)
    if "\n" not in text and first.whole == behind[0].offset and not behind[0].here:
        edits = [file.delete(chosen), file.edit(first.whole, first.whole, f"{text} && ")]
        yield candidate("move", edits, how, ["RUN", "RUN/delete"])


def _updates_alone(file: Dockerfile, one: Instruction) -> bool:
    try:
        script = Script(file, one)
    except NoFix:
        return False
    found = [call for call in script.commands if call.name in {*_APT, "apk", "yum", "dnf"} and call.sub("update")]
    return bool(found) and len(script.commands) == 1
