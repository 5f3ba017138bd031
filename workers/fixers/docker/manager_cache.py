"""What yum, dnf and zypper keep of the packages' metadata, and where: each has a folder of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.docker.bases.images import Base, base_of
from workers.fixers.docker.build import flagged, stage_of, trivy
from workers.fixers.docker.package_cache import appended, mounted
from workers.fixers.docker.shell.script import Script
from workers.fixers.registry import NoFix, Target, fixer

_YUM, _DNF, _DNF5, _ZYPPER = "/var/cache/yum", "/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/zypp"
_FIRST_DNF5 = 41
"""The first release of Fedora whose dnf is the fifth."""
_OLD_YUM = re.compile(r"(?:centos)?[5-7](?:[.-].*)?")
_MINIMAL = re.compile(r"fedora-minimal$")
_FEDORA = re.compile(r"(?:^|/)fedora$")


def folders(base: Base, program: str) -> tuple[str, ...]:
    """Where the program keeps its metadata in images of this base; each that it may be, where that is not known."""
    if program == "zypper":
        return (_ZYPPER,)
    if program == "microdnf":
        # The one of Red Hat's minimal images keeps it where yum did; Fedora's is dnf's fifth by another name.
        return (_DNF5,) if _MINIMAL.search(base.image) else (_YUM,)
    if _FEDORA.search(base.image):
        release = re.match(r"\d+", base.tag)
        return (_DNF,) if release and int(release[0]) < _FIRST_DNF5 else (_DNF5,)
    if program == "dnf":
        return (_DNF,) if base.family == "redhat" else (_DNF, _DNF5)
    # From release 8 on, `yum` is another name for dnf.
    old = base.image in {"centos", "amazonlinux", "oraclelinux", "quay.io/centos/centos"} and (
        _OLD_YUM.fullmatch(base.tag) or (base.image == "amazonlinux" and re.match(r"[12](?:$|[.-])|201\d", base.tag))
    )
    return (_YUM,) if old else (_YUM, _DNF)


_CLEANERS: dict[str, tuple[tuple[str, ...], str, str, list[str]]] = {
    "yum": (("yum",), "yum clean all", "DL3032", trivy(15)),
    "dnf": (("dnf", "microdnf"), "dnf clean all", "DL3040", trivy(19)),
    "zypper": (("zypper",), "zypper clean --all", "DL3036", trivy(20)),
}


def _cleaner(name: str) -> None:
    programs, command, rule, others = _CLEANERS[name]

    @fixer(
        name=f"docker-{name}-cache",
        weakness=f"{name} cache left in the image",
        rules={"hadolint": [rule], "trivy": others},
        explain=f"""{name} keeps the packages' metadata, tens of megabytes, under /var/cache. Clean it in the same RUN:
a later one cannot make the layer smaller.""",
    )
    def clean(target: Target) -> Iterator[Candidate]:
        """Clean in the same RUN, or keep the cache on a mount."""
        file, one = flagged(target, "RUN")
        script = Script(file, one)
        calls = script.named(*programs)
        if not calls:
            message = f"{file.path}:{one.line} calls no {name}"
            raise NoFix(message)
        last = calls[-1]
        chosen = command.replace("dnf", last.name, 1) if name == "dnf" else command
        sudo = "sudo " if last.words[0].text == "sudo" else ""
        yield appended(file, script, "clean-all", f"{sudo}{chosen}")
        where = folders(base_of(file, stage_of(file, one)), last.name)
        # hadolint takes a cache mount for zypper and dnf's fifth alone, and the bare deletion for the others.
        other = mounted(file, script, where) if where in {(_ZYPPER,), (_DNF5,)} else None
        emptied = " ".join(f"{folder}/*" for folder in where)
        yield other or appended(file, script, "remove-cache", f"{sudo}rm -rf {emptied}")


for _name in _CLEANERS:
    _cleaner(_name)
