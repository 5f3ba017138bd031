"""Programs that ask for what only root has: Docker's socket, raw sockets, devices, other users' ids."""

from __future__ import annotations

import re

from workers.fixers.docker.users.written import LEFT_OUT, context_of
from workers.fixers.registry import NoFix
from workers.source.dockerfile import Dockerfile
from workers.source.remembered import remembered
from workers.source.tree import SourceTree, outside_packages, text_of

_CLIENT = re.compile(
    r"\bdocker\.from_env\(|\bdocker\.(?:Docker|API)Client\(|\baiodocker\.Docker\(|docker/docker/client\"|[\"']dockerode[\"']|"
    r"unix:/{1,3}var/run/docker\.sock|\bDockerClientBuilder\b|\bDocker\.DotNet\b|\bbollard::"
)
_ROOTS = re.compile(
    r"\bSOCK_RAW\b|\bAF_PACKET\b|\bfrom scapy\b|\bimport scapy\b|\bgopacket/(?:pcap|afpacket)\b|\bpcap\.OpenLive\b|"
    r"\bserial\.Serial\(|[\"']serialport[\"']|[\"']raw-socket[\"']|\bRPi\.GPIO\b|\bNetfilterQueue\b|"
    r"\b(?:import|from) iptc\b|\bvishvananda/netlink\b|"
    r"\b(?:os|process|syscall|unix)\.[Ss]et(?:e|re)?[ug]id\(|\bprocess\.setuid\b|\b(?:syscall|unix)\.(?:Mount|Chroot)\(|\bos\.chown\("
)
"""What a program of another user gets no right to, whatever file it owns."""
_SOURCES = (".py", ".js", ".ts", ".go", ".java", ".kt", ".cs", ".rb", ".rs", ".php", ".sh")
_MAX_FILES, _MAX_BYTES = 800, 256 * 1024


def refuse_root_calls(tree: SourceTree, file: Dockerfile) -> None:
    """Say which of the program's sources does.

    Raises:
        NoFix: one does.
    """
    if (why := _why(tree, context_of(tree, file))) is not None:
        raise NoFix(why)


@remembered
def _why(tree: SourceTree, folder: str) -> str | None:
    """The same of a build's folder, which many Dockerfiles may have."""
    paths = [each for each in tree.paths() if each.startswith(folder) and each.endswith(_SOURCES)]
    for path in [each for each in paths if not LEFT_OUT.search(outside_packages(each[len(folder) :]))][:_MAX_FILES]:
        text = text_of(tree, path)
        if len(text) > _MAX_BYTES:
            continue
        if found := _CLIENT.search(text):
            what = "talks to Docker (`{}`), by a socket that belongs to root, or to a group of the host's own number"
        elif found := _ROOTS.search(text):
            what = "asks for what root alone has (`{}`): give the container the right to it, or the device, first"
        else:
            continue
        return f"{path}:{text.count(chr(10), 0, found.start()) + 1} {what.format(found[0])}"
    return None
