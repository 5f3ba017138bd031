"""XML parsers of Node told to follow what a document names."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.javascript.options import Option, propose_options
from workers.fixers.registry import Target, fixer

_NOTHING = "What the document's DTD names is not fetched."
_WARNING = "Documents whose text uses entities of their own DTD no longer have it in place."
_OPTIONS = (
    Option(name="noent", bad=("true",), good="false", why=_NOTHING, warning=_WARNING),
    Option(name="dtdload", bad=("true",), good="false", why=_NOTHING, warning=_WARNING),
)


@fixer(
    name="javascript-xml-entities",
    weakness="XML external entities",
    cwes=(611,),
    rules={"semgrep": ["express-libxml-noent", "express-libxml-vm-noent"]},
    in_tests=False,
    explain="""With `noent` libxmljs puts into the text what the document's own DTD says an entity stands for: a file of
the server, or an address inside its network (CWE-611).

libxmljs does that only when it is told to. Leave the option out, or set it to false where somebody might put it back.
The five entities of XML itself (`&lt;` and its like) are read either way.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`noent: true` → false, or none."""
    return propose_options(target, _OPTIONS)
