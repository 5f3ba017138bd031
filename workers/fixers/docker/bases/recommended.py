"""Recommended packages without which one that is asked for does not do what people ask it for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Edit
from workers.fixers.docker.bases.images import Base, base_of, installed
from workers.fixers.docker.build import stage_of
from workers.fixers.docker.shell.command import Command
from workers.fixers.registry import NoFix
from workers.source.dockerfile import Dockerfile, Instruction

_RELIED_ON = {
    "curl": "ca-certificates", "wget": "ca-certificates", "git": "ca-certificates", "aria2": "ca-certificates",
    "nodejs": "ca-certificates", "graphviz": "fonts-liberation",
    "gcc": "libc6-dev", "gcc-aarch64-linux-gnu": "libc6-dev-arm64-cross",
    "gcc-arm-linux-gnueabihf": "libc6-dev-armhf-cross", "gcc-arm-linux-gnueabi": "libc6-dev-armel-cross",
    "cmake": "make", "autoconf": "automake", "flex": "libfl-dev", "rustc": "cargo", "golang-go": "gcc libc6-dev",
    "golang": "gcc libc6-dev", "protobuf-compiler": "libprotobuf-dev", "ant": "ant-optional", "yarn": "nodejs",
    "xvfb": "xauth", "texlive-xetex": "lmodern", "podman": "fuse-overlayfs slirp4netns uidmap",
    "docker-ce": "docker-buildx-plugin docker-compose-plugin",
    "docker-ce-cli": "docker-buildx-plugin docker-compose-plugin",
}  # fmt: skip
"""From Debian's `Recommends`: no certificate is believed, no header and no make is found without them."""
_ASKS_BY_TLS = re.compile(r"curl|^clamav")
"""libcurl recommends what it believes servers by, and so does who fetches signatures of viruses."""
_OTHER_NAMES = {"git-core": "git"}
_WHERE_USED = (
    ("git", "openssh-client", re.compile(rb"git@|ssh://|\bGIT_SSH|\bssh\b")),
    ("git", "patch", re.compile(rb"\bpatch\b")),
    ("gnupg", "dirmngr", re.compile(rb"--recv|--keyserver|\badv\b")),
    ("gnupg2", "dirmngr", re.compile(rb"--recv|--keyserver|\badv\b")),
    ("zip", "unzip", re.compile(rb"\bunzip\b")), ("procps", "psmisc", re.compile(rb"\b(?:killall|fuser|pstree)\b")),
    ("python3-pip", "build-essential", re.compile(rb"\bpip3?\b[^&|;]*\sinstall\b")),
    ("python3-pip", "python3-dev", re.compile(rb"\bpip3?\b[^&|;]*\sinstall\b")),
    ("chromium", "chromium-sandbox", re.compile(rb"\A(?!.*--no-sandbox)", re.DOTALL)),
)  # fmt: skip
"""What the file uses, or has use for: packages without wheels are compiled when pip installs them."""
_LITTLE_ALONE = re.compile(
    r"texlive(?!-xetex)(?:-|$)|libreoffice|imagemagick$|xfce4|lxde|lxqt|kde-|gnome|ubuntu-|mate-|cinnamon|wine|octave$|"
    r"qemu-system|libvirt-daemon|fail2ban$|devscripts$|mailutils$"
)
_HAVE = {"ca-certificates": frozenset(("python", "ruby", "php", "perl", "eclipse-temurin", "nginx"))}
"""Images that bring the package, whichever variant they are."""
_IN_FULL = frozenset((
    "ca-certificates", "libc6-dev", "gcc", "make", "automake", "patch", "unzip", "openssh-client", "build-essential",
))  # fmt: skip
"""What the full images of languages have."""


def kept(file: Dockerfile, one: Instruction, call: Command) -> Iterator[Edit]:
    """Each such package, named behind the one that recommends it, where nothing else of the stage installs it.

    Raises:
        NoFix: a package is little without what it recommends, which has other names in each release.
    """
    stage = stage_of(file, one)
    base, there = base_of(file, stage), installed(file, stage)
    if "build-essential" in there:
        there |= {"libc6-dev", "make"}
    if there & {"gcc", "g++"}:
        there.add("build-essential")
    for word in call.operands:
        package = re.split(r"[=/]", word.text)[0]
        if _LITTLE_ALONE.match(package):
            message = (
                f"{file.path}:{one.line}: {package} does little without what it recommends (fonts, formats, parts of "
                "its own), and which of that the image needs is not told"
            )
            raise NoFix(message)
        needed = [each for each in _needed(file, package) if each not in there and not _brings(base, each)]
        there.update(needed)
        if needed:
            yield file.edit(word.end, word.end, f" {' '.join(needed)}")


def _brings(base: Base, package: str) -> bool:
    return base.image in _HAVE.get(package, ()) or (base.full and package in _IN_FULL)


def _needed(file: Dockerfile, package: str) -> list[str]:
    package = "gcc" if re.fullmatch(r"gcc-\d+", package) else _OTHER_NAMES.get(package, package)
    named = _RELIED_ON.get(package, "ca-certificates" if _ASKS_BY_TLS.search(package) else "")
    return [
        *named.split(),
        *(other for asks, other, used in _WHERE_USED if asks == package and used.search(file.content)),
    ]
