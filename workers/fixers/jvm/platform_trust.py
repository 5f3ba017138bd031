"""A trust manager that accepts everybody → one that asks the platform's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import Parsed, candidate, region
from workers.fixers.jvm.source import is_kotlin
from workers.fixers.registry import NoFix, Target
from workers.source.syntax import ancestors
from workers.source.tree import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_HEAD = re.compile(r"(?<!\w)X509TrustManager\b(?!\s*\[)")
_EMPTY = re.compile(r"\{(?:\s|//[^\n]*|/\*.*?\*/)*(?:return;?)?(?:\s|//[^\n]*|/\*.*?\*/)*\}", re.DOTALL)
_NO_ISSUERS = re.compile(r"\breturn\s+(?:null|new\s+[\w.]*X509Certificate\s*\[\s*0?\s*\]\s*(?:\{\s*\})?|\w+)\s*;")
_THROWS = re.compile(r"\bthrows\b[^{]*\b(?:CertificateException|GeneralSecurityException|Exception)\b")
_HELPER = (
    "private final javax.net.ssl.X509TrustManager platformTrust = platformTrust();",
    "",
    "private javax.net.ssl.X509TrustManager platformTrust() {",
    "    try {",
    "        javax.net.ssl.TrustManagerFactory factory = javax.net.ssl.TrustManagerFactory.getInstance(",
    "                javax.net.ssl.TrustManagerFactory.getDefaultAlgorithm());",
    "        factory.init((java.security.KeyStore) null);",
    "        for (javax.net.ssl.TrustManager each : factory.getTrustManagers()) {",
    "            if (each instanceof javax.net.ssl.X509TrustManager) {",
    "                return (javax.net.ssl.X509TrustManager) each;",
    "            }",
    "        }",
    "    } catch (java.security.GeneralSecurityException error) {",
    "        throw new IllegalStateException(error);",
    "    }",
    '    throw new IllegalStateException("the platform has no trust manager for X.509");',
    "}",
)


def asking_the_platform(target: Target, file: Parsed, warning: str) -> Candidate:
    """The class stays where it is used, and its checks are the platform's.

    Raises:
        NoFix: no class at the flagged lines accepts everybody in a form that is plain to see.
    """
    where = f"{file.path}:{region(target).start_line}"
    body = _class_body(target, file)
    methods = (
        {_name(file, node): node for node in body.named_children if node.type == "method_declaration"} if body else {}
    )
    if body is None or "checkServerTrusted" not in methods or "getAcceptedIssuers" not in methods:
        message = f"{where} is in no trust manager of its own that accepts everybody"
        raise NoFix(message)
    if any(len(file.text(node).split(",")) > 2 for name, node in methods.items() if name == "checkServerTrusted"):
        message = f"{where} has a check with a host or an engine, which the platform's plain one knows nothing of"
        raise NoFix(message)
    if re.search(r"\bplatformTrust\b", file.text(body)):
        message = f"{where} calls something else platformTrust already"
        raise NoFix(message)
    _refuse_by_domain(target, where)
    wanted = ("checkClientTrusted", "checkServerTrusted", "getAcceptedIssuers")
    changed = [methods[name] for name in wanted if name in methods]
    edits = [edit for node in changed for edit in _asking(file, node)]
    first = min(changed, key=lambda node: node.start_byte)
    line = file.number(first)
    if file.slice(file.starts[line - 1], first.start_byte).strip():
        message = f"{where} shares its line with other code"
        raise NoFix(message)
    return candidate(
        "platform-manager",
        [*edits, _helper(file, line)],
        "The class asks the platform's own trust manager: a certificate has to lead to an authority that it knows.",
        declares=(f"insert:{line}", *(f"statement:{file.number(node)}" for node in changed)),
        warnings=(warning,),
    )


def _class_body(target: Target, file: Parsed) -> Node | None:
    """The body of the X509TrustManager around the flagged lines, whose server check does nothing."""
    if is_kotlin(file):
        return None
    where = region(target)
    line = file.line(where.start_line)
    start = file.starts[min(where.start_line, len(file.starts)) - 1] + len(line) - len(line.lstrip())
    for node in ancestors(file.syntax.node_at(start, start + 1)):
        if node.type != "class_body" or node.parent is None:
            continue
        head = file.slice(node.parent.start_byte, node.start_byte)
        checks = [each for each in node.named_children if _name(file, each) == "checkServerTrusted"]
        if _HEAD.search(head) and len(checks) == 1 and _does_nothing(file, checks[0]):
            return node
    return None


def _name(file: Parsed, node: Node) -> str:
    name = node.child_by_field_name("name") if node.type == "method_declaration" else None
    return file.text(name) if name is not None else ""


def _does_nothing(file: Parsed, method: Node) -> bool:
    body = method.child_by_field_name("body")
    return body is not None and _EMPTY.fullmatch(file.text(body)) is not None


def _asking(file: Parsed, method: Node) -> Iterator[Edit]:
    """The method, asking the platform's; one that does something by itself stays as it is."""
    name, body = _name(file, method), method.child_by_field_name("body")
    given = method.child_by_field_name("parameters")
    if body is None or given is None:
        return
    indent = file.indent(file.number(method))
    inner = indent + file.indent_unit
    if name == "getAcceptedIssuers":
        if not _NO_ISSUERS.search(file.text(body)):
            return
        yield file.replace(body, f"{{\n{inner}return platformTrust.{name}();\n{indent}}}")
        return
    if not _does_nothing(file, method):
        return
    names = [file.text(each.child_by_field_name("name") or each) for each in given.named_children]
    head = file.slice(given.end_byte, body.start_byte)
    if not _THROWS.search(head):
        if "throws" in head:
            yield file.insert(given.end_byte + len(head.rstrip().encode()), ", java.security.cert.CertificateException")
        else:
            yield file.insert(given.end_byte, " throws java.security.cert.CertificateException")
    yield file.replace(body, f"{{\n{inner}platformTrust.{name}({', '.join(names)});\n{indent}}}")


def _helper(file: Parsed, line: int) -> Edit:
    indent, unit = file.indent(line), file.indent_unit
    lines = [re.sub(r"^(?: {4})+", lambda found: unit * (len(found[0]) // 4), each) for each in _HELPER]
    text = "\n".join(f"{indent}{each}".rstrip() for each in lines)
    return file.insert(file.starts[line - 1], f"{text}\n\n")


def _refuse_by_domain(target: Target, where: str) -> None:
    """Say so where an app's configuration differs by host: Android then refuses a check that names none.

    Raises:
        NoFix: it does.
    """
    for path in target.tree.paths():
        if re.search(r"/res/xml[^/]*/[^/]+\.xml$", path) and "<domain-config" in text_of(target.tree, path):
            message = f"{where} cannot ask the platform without a host, since {path} has rules by host"
            raise NoFix(message)
