"""Who holds a claim: a name that no other process ever has, and whether its bearer is surely gone.

A name is `host/boot/namespace/pid/start`. The kernel's boot id and the process' start, counted from
boot, do not move when somebody sets the clock, and a reused pid has another start. The idle
doorman imports this module, so it imports next to nothing, not even pathlib.
"""

from __future__ import annotations

import functools
import os

_PROC = os.access("/proc/self/stat", os.R_OK)


@functools.cache
def own_identity() -> str:
    """The name of this very process. One that replaces itself (`exec`) keeps it."""
    pid = os.getpid()
    return "/".join((os.uname().nodename.replace("/", "-"), boot_id(), _pid_namespace(), str(pid), _start(pid) or "?"))


def surely_gone(identity: str, *, one_host: bool) -> bool:
    """Whether that process cannot be running any more. False where that cannot be known from here.

    Args:
        identity: what `own_identity` returned in that process.
        one_host: the database is a local file, so that another boot can only be an earlier one of this machine.
    """
    parts = identity.rsplit("/", 4)
    if len(parts) != 5:
        return False
    _, boot, namespace, pid, start = parts
    if boot != boot_id():
        return one_host and "?" not in {boot, boot_id()}
    if namespace != _pid_namespace():
        return False
    return not pid.isdigit() or _start(int(pid)) != start


def describe(identity: str) -> str:
    """`host, process 4711`: for people."""
    parts = identity.rsplit("/", 4)
    return f"{parts[0]}, process {parts[3]}" if len(parts) == 5 else identity


@functools.cache
def boot_id() -> str:
    """The same for all processes of one boot of one machine; `?` where the system does not tell."""
    try:
        return _content("/proc/sys/kernel/random/boot_id").strip()
    except OSError:
        return _sysctl("kern.bootsessionuuid")


@functools.cache
def _pid_namespace() -> str:
    """Two containers on one machine share the boot and not the pids."""
    try:
        return os.readlink("/proc/self/ns/pid").strip("pid:[]")
    except OSError:
        return "0"


def _start(pid: int) -> str | None:
    """When a process started, in the system's own count; None when there is no such process or it is a zombie."""
    if _PROC:
        try:
            stat = _content(f"/proc/{pid}/stat")
        except OSError:
            return None
        # The name may hold blanks and brackets; the fields after it are fixed.
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] in "ZX" else fields[19]
    return _start_elsewhere(pid)


def _content(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _start_elsewhere(pid: int) -> str | None:
    import psutil

    try:
        process = psutil.Process(pid)
        # Not `create_time()`: since psutil 7.1 it follows the wall clock, and whoever sets that would make every
        # process look like another one. This is what psutil itself tells a reused pid by.
        start = vars(process)["_ident"][1]
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{start:.3f}"
    except psutil.NoSuchProcess:
        return None


def _sysctl(name: str) -> str:
    """A string that the kernel of macOS knows; `?` where there is none."""
    import ctypes
    import ctypes.util

    library = ctypes.CDLL(ctypes.util.find_library("c"))
    if not hasattr(library, "sysctlbyname"):
        return "?"
    size = ctypes.c_size_t(64)
    buffer = ctypes.create_string_buffer(64)
    failed = library.sysctlbyname(name.encode(), buffer, ctypes.byref(size), None, 0)
    return "?" if failed else buffer.value.decode()
