"""Redirects of Java's servlets and of Spring to wherever a request says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate, parsed, region
from workers.fixers.jvm.helper import helper
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.syntax import ancestors

if TYPE_CHECKING:
    from tree_sitter import Node

_WITHIN = """private static String withinSite(String target) {
    if (target == null || target.startsWith("//")) {
        return "/";
    }
    try {
        java.net.URI address = new java.net.URI(target);
        return address.isAbsolute() || address.getRawAuthority() != null ? "/" : target;
    } catch (java.net.URISyntaxException error) {
        return "/";
    }
}"""
_LISTED = """private static String listedAddress(String target) {
    String listed = System.getenv().getOrDefault("ALLOWED_REDIRECTS", "");
    return java.util.Arrays.asList(listed.split(",")).contains(target) ? target : "/";
}"""

_HANDLER = re.compile(
    r"@(?:\w+\.)*\w*Mapping\b|@(?:GET|POST|PUT|Path)\b|HttpServletRequest|@RequestParam|@PathVariable"
)
"""A method that answers requests: its texts are what these say. Another's are what its callers say."""
_MISSING = re.compile(r"\w+\s*[!=]=\s*null|!?\w+\.is(?:Empty|Blank)\(\s*\)|!?StringUtils\.\w+\(\s*\w+\s*\)")
"""A condition that only asks whether there is a value."""


@fixer(
    name="jvm-open-redirect",
    weakness="redirect to another site",
    cwes=(601,),
    rules={"semgrep": ["unvalidated-redirect", "spring-unvalidated-redirect"]},
    in_tests=False,
    explain="""A link to a site that people trust, with `?url=https://elsewhere` behind it, leads them elsewhere: to a
copy of the sign-in page that asks for the password once more (CWE-601). A look at the first characters is no check:
`//elsewhere` and `https:elsewhere` are addresses of other sites too.

An address without a scheme and without a host stays on this site; everything else goes to the start page. Where people
are sent to a few other sites on purpose, keep those in a list and compare the whole address.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`sendRedirect(url)`, `"redirect:" + url` → within this site, or to a listed address."""
    file = parsed(target, "java")
    places = list(_places(target, file))
    if not places:
        message = f"{file.path}:{region(target).start_line} does not show the address that it leads to"
        raise NoFix(message)
    _refuse_checked(file, places)
    yield from any_of(
        lambda: _through(
            file,
            places,
            _WITHIN,
            "within-site",
            "Only an address of this site is answered; all else leads to the start page.",
            "This site's own full address leads to the start page too.",
        ),
        lambda: _through(
            file,
            places,
            _LISTED,
            "listed-addresses",
            "Only an address that ALLOWED_REDIRECTS names, as a whole, is answered; all others lead to the start page.",
            "Set ALLOWED_REDIRECTS to the addresses that people are sent to, with commas between them.",
        ),
    )


def _refuse_checked(file: Parsed, places: list[Node]) -> None:
    """Raise where the program looks at something before it redirects, which may be the address.

    Raises:
        NoFix: it does.
    """
    for place in places:
        method = next((each for each in ancestors(place) if each.type == "method_declaration"), None)
        before = file.slice(method.start_byte, place.start_byte) if method is not None else ""
        conditions = re.findall(r"\bif\s*\((?P<condition>[^{;]*)", before)
        if any(_MISSING.sub("", each).strip(" ()&|!") for each in conditions):
            message = (
                f"{file.path}:{file.number(place)} comes after a check: whether that is enough is for a person to say"
            )
            raise NoFix(message)


def _places(target: Target, file: Parsed) -> Iterator[Node]:
    """The addresses within the flagged lines that come as they are from a parameter."""
    where = region(target)
    for node in file.of("method_invocation", "binary_expression"):
        address = _address(file, node)
        if address is not None and file.number(node) in where.lines and _given(file, address):
            yield address


def _address(file: Parsed, node: Node) -> Node | None:
    if node.type == "binary_expression":
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        leads = left is not None and file.text(left) in {'"redirect:"', '"redirect: "'}
        return right if leads else None
    name, given = node.child_by_field_name("name"), node.child_by_field_name("arguments")
    values = given.named_children if given is not None else []
    if name is None or not values:
        return None
    if file.text(name) == "sendRedirect" and len(values) == 1:
        return values[0]
    header = file.text(name) in {"addHeader", "setHeader"} and file.text(values[0]).lower() == '"location"'
    return values[1] if header and len(values) == 2 else None


def _given(file: Parsed, address: Node) -> bool:
    """Whether it is what a request says: its parameter, or the method's own of the kind String."""
    text = file.text(address)
    if re.fullmatch(r"\w+\.getParameter\([^()]*\)", text):
        return True
    method = next((each for each in ancestors(address) if each.type == "method_declaration"), None)
    if method is None or address.type != "identifier":
        return False
    head, _, body = file.text(method).partition("{")
    made = re.findall(rf"(?<![\w.]){text}\s*=(?!=)\s*(?P<value>[^;]*);", body)
    said = [each for each in made if re.fullmatch(r"\w+\.getParameter\([^()]*\)", each.strip())]
    handles = _HANDLER.search(head) is not None
    return len(made) == len(said) and (
        bool(said) or (handles and re.search(rf"\bString\s+{text}\s*[,)]", head) is not None)
    )


def _through(file: Parsed, places: list[Node], source: str, approach: str, why: str, warning: str) -> Candidate:
    name = source.partition("(")[0].rpartition(" ")[2]
    added = helper(file, places[0], source)
    lines = {file.number(each) for each in places}
    return candidate(
        approach,
        [*added.edits, *(file.replace(each, f"{name}({file.text(each)})") for each in places)],
        why,
        declares=(*added.declares, *(f"statement:{line}" for line in sorted(lines))),
        warnings=(warning,),
    )
