"""Liveness and readiness probes, where the manifest shows what to ask."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from daemon.domain.fix import Candidate
from workers.fixers.kubernetes.containers.ports import port
from workers.fixers.kubernetes.containers.shell_only import shell_only
from workers.fixers.kubernetes.containers.starting import starting
from workers.fixers.kubernetes.workload import Part, Resource
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.yamldoc import Node
from workers.source.yamltext import Value

_OTHER = {"livenessProbe": "readinessProbe", "readinessProbe": "livenessProbe"}
_NOT_IN = {"livenessProbe": "successThreshold", "readinessProbe": "terminationGracePeriodSeconds"}
"""A liveness probe succeeds at once; a readiness probe ends nothing."""
_PURPOSE = {
    "livenessProbe": "The kubelet restarts the container when it stops answering.",
    "readinessProbe": "Services send traffic to the container only while it answers.",
}

_READY = re.compile(r"(?<!_is)(?:\b|_|-|/)read(?:y|iness)", re.IGNORECASE)
"""A question for readiness by its own name: what it waits for may be away for long, and no restart brings it back."""
_STARTUP = "startupProbe"
_KINDS = ("httpGet", "tcpSocket", "exec", "grpc")
_HOSTS = re.compile(r"([\w.-]*[a-zA-Z][\w.-]*):\d{2,5}\b|\s(?:-h|--host)[ =]([^\s'\"]+)")
_ITSELF = re.compile(r"localhost|127\.|0\.0\.0\.0|\[?::|\$\(?\{?(?:hostname|HOSTNAME|POD|MY_POD)|/")
_PERIOD, _FAILURES, _FIRST = 10, 12, 60
"""Two minutes: a container that is slow to start would otherwise be restarted before it ever answers."""
_SLOW_START = " Only two minutes without an answer, or more, are taken for hanging: a slow start is none."


@fixer(
    name="kubernetes-probe",
    weakness="availability",
    rules={"checkov": ["CKV_K8S_8", "CKV_K8S_9"]},
    explain="""Without probes Kubernetes takes a running process for a working one: a hung container is never
restarted, and a starting one already gets traffic. The port must be known, from the manifests or from the image; what
to ask at it is the program's own knowledge, so that a connection is the least that can be asked, and the other probe's
question the best.""",
)
def probe(target: Target) -> Iterator[Candidate]:
    """A connection to the port that is known; or what the other probe asks."""
    resource = Resource(target)
    key = "livenessProbe" if target.finding.rule == "CKV_K8S_8" else "readinessProbe"
    if resource.kind in ("Job", "CronJob"):
        message = f"a {resource.kind} ends by itself: there is nothing to probe"
        raise Harmless(message)
    if key == "readinessProbe" and (peer := _waits_for(resource)):
        message = (
            f"it names its peer {peer}, which starts, and is found by its name, only once this one is ready: it might "
            "never be, as long as it waits for the others"
        )
        raise NoFix(message)
    parts = resource.containers(lambda node: node.child(key) is None, init=False)
    copies = [_question(part.node.child(_OTHER[key]), key) for part in parts]
    slow = "" if key == "readinessProbe" else _SLOW_START
    if slow:
        copies = [(copy and not _of_others(str(copy)) and _unhurried(copy)) or None for copy in copies]
    if all(copies):
        how = f"{_PURPOSE[key]} It asks what the {_OTHER[key]} asks.{slow}"
        yield from _set(resource, parts, key, "same-question", [copy or {} for copy in copies], how)
    if not all(copies) and any(_loopback(part.node) for part in parts):
        message = "a container's arguments name the loopback address, where the kubelet's probe would not reach it"
        raise NoFix(message)
    ports = [port(resource, part) for part in parts]
    if not all(ports):
        if not all(copies):
            if all(each or shell_only(part.node) for each, part in zip(ports, parts, strict=True)):
                message = (
                    "a shell runs a few commands there, which open no port and answer nobody: nothing can be asked"
                )
                raise Harmless(message)
            message = "no manifest says at which port the container answers, so there is nothing known to probe"
            if any(part.node.child("ports") for part in parts):
                message = (
                    "only its own list says at which port the container answers, no Service and no Dockerfile: one "
                    "that does not, as a worker with the manifest of a server, would be restarted for ever"
                )
            raise NoFix(message)
        return
    how = f"{_PURPOSE[key]} A connection to its port is the least that tells whether it does.{slow}"
    wanted: list[dict[str, Value]] = [{"tcpSocket": {"port": each}} for each in ports if each]
    plain = [{**one, "failureThreshold": _FAILURES} for one in wanted] if slow else wanted
    yield from _set(resource, parts, key, "tcp-connect", plain, how)
    patient: list[dict[str, Value]] = [
        {**one, "initialDelaySeconds": 15, "periodSeconds": 20, "failureThreshold": _FAILURES if slow else 3}
        for one in wanted
    ]
    how = f"{_PURPOSE[key]} It waits 15 seconds first and then asks every 20, for programs that start slowly."
    yield from _set(resource, parts, key, "tcp-connect-patient", patient, how)


def _of_others(question: str) -> bool:
    """Whether a readiness probe asks for more than its own program: by its name, or by a host that it asks."""
    hosts = [host for pair in _HOSTS.findall(question) for host in pair if host]
    return bool(_READY.search(question)) or any(not _ITSELF.match(host) for host in hosts)


def _waits_for(resource: Resource) -> str:
    """The next pod of a StatefulSet that starts one after another, where the pods are told of each other by name."""
    name = resource.root.text("metadata", "name")
    if resource.kind != "StatefulSet" or not name or resource.root.text("spec", "podManagementPolicy") == "Parallel":
        return ""
    peer = re.compile(rf"(?<![\w-]){re.escape(name)}-[1-9](?![\w-])")
    texts = (node.value for _, node in resource.pod.node.walk() if node.kind == "scalar")
    return next((found[0] for text in texts if (found := peer.search(text))), "")


def _unhurried(asked: dict[str, Value]) -> dict[str, Value]:
    """The readiness probe's question, asked with a liveness probe's patience: what only starts is not restarted."""
    period, failures = asked.get("periodSeconds"), asked.get("failureThreshold")
    return asked | {
        "periodSeconds": max(_PERIOD, period if isinstance(period, int) else _PERIOD),
        "failureThreshold": max(_FAILURES, failures if isinstance(failures, int) else _FAILURES),
    }


def _set(
    resource: Resource, parts: list[Part], key: str, approach: str, wanted: list[dict[str, Value]], how: str
) -> Iterator[Candidate]:
    probes = [{key: one, **_first_start(resource, part, key, one)} for part, one in zip(parts, wanted, strict=True)]
    edits = [edit for part, one in zip(parts, probes, strict=True) for edit in resource.put(part, one)]
    declares = [path for part, one in zip(parts, probes, strict=True) for path in resource.declare(part, *one)]
    if any(_STARTUP in one for one in probes):
        how = f"{how} A first start, which makes or mends its data, has ten minutes until then."
    candidate = resource.candidate(approach, edits, how, declares)
    if candidate:
        yield candidate


def _first_start(resource: Resource, part: Part, key: str, asked: Mapping[str, Value]) -> dict[str, Value]:
    """A startup probe of the same question for a server whose data are made, or mended, before it answers."""
    one = starting(resource, part)
    keeps = one.data or one.must_own or one.own_files
    if key != "livenessProbe" or not keeps or part.node.child(_STARTUP) is not None:
        return {}
    question = {kind: asked[kind] for kind in _KINDS if kind in asked}
    return {_STARTUP: {**question, "periodSeconds": _PERIOD, "failureThreshold": _FIRST}}


def _loopback(node: Node) -> bool:
    """Whether its command or arguments let it listen on the loopback interface alone."""
    lists = [found for key in ("command", "args") if (found := node.child(key)) is not None]
    return any(re.search(r"127\.0\.0\.1|localhost", item.value) for each in lists for item in each.items)


def _question(probe_node: Node | None, wanted: str) -> dict[str, Value] | None:
    """What a probe asks, as values, without what the API takes of that other kind only; none where it is not plain."""
    if probe_node is None or probe_node.kind != "mapping":
        return None
    only = _NOT_IN[wanted]
    return {key.value: _value(value) for key, value in probe_node.entries if key.value != only} or None


def _value(node: Node) -> Value:
    if node.kind == "mapping":
        return {key.value: _value(value) for key, value in node.entries}
    if node.kind == "sequence":
        return [_value(item) for item in node.items]
    return int(node.value) if node.value.isdigit() and not node.style else node.value
