"""Variables and commands of a RUN script whose output the shell splits and expands once more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate, Edit
from workers.fixers.docker.build import before, candidate, flagged, pairs
from workers.fixers.docker.shell.command import Word
from workers.fixers.docker.shell.script import Script
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source import syntax
from workers.source.dockerfile import Dockerfile, Instruction

if TYPE_CHECKING:
    from tree_sitter import Node

_VARIABLES = ("simple_expansion", "expansion")
_OUTPUT = ("command_substitution",)
_NAME = re.compile(r"\$\{?(\w+)")
_SEVERAL = re.compile(
    r"(?:ARGS?|FLAGS?|OPTS?|OPTIONS?|PARAMS|PACKAGES|PKGS?|DEPS|FILES|LIST|MODULES|EXTENSIONS|EXTRAS?)$", re.IGNORECASE
)
_ONE = re.compile(
    r"(?:VERSION|VER|ARCH|PLATFORM|USER|UID|GID|SHA\d*|HASH|TAG|DIR|DIRECTORY|PATH|HOME|ROOT|PREFIX|FILE|URL|PORT|HOST|NAME|"
    r"BRANCH|COMMIT|DATE)$"
)
_PLAIN = re.compile(r"[\w./:@%+=,-]*")
ONE_WORD_COMMAND = re.compile(
    r"\$\(\s*(?:nproc|arch|pwd|hostname|whoami|mktemp(?: -\w+)?|dpkg --print-architecture|uname -\w|lsb_release -\w+|"
    r"id -\w+|getconf _NPROCESSORS_ONLN|(?:which|basename|dirname|readlink|realpath) [^|;&]+|command -v [\w.-]+|"
    r"date \+[^ |;&]+)\s*\)"
)
_RUNS = re.compile(r"\$\(|`")
_PRINTS_LIST = re.compile(r"(?:\$\(|`)\s*(?:apt-mark\s+show|find\s|scanelf\s|dpkg-query\s|pkg-config\s|ls\s)")
_PRINTS = frozenset(("echo", "printf"))


@fixer(
    name="docker-shell-quoting",
    weakness="unquoted variable",
    rules={"hadolint": ["SC2086", "SC2046"]},
    explain="""The shell splits the value of a bare `$NAME`, and what a bare `$(command)` prints, at blanks and expands
`*` in it: a path with a blank becomes two arguments. In double quotes it stays one. A list of options or packages is
split on purpose, so a variable is quoted only where it can be no list: it is part of a longer word, stands in a test or
behind `>`, the file gives it a value of one word, or its name says that it is one (a version, a path).""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """Quotes around the whole word, or around the variable alone."""
    file, one = flagged(target, "RUN")
    script = Script(file, one)
    bare = list(_bare(script, _VARIABLES if target.finding.rule == "SC2086" else _OUTPUT))
    values = _values(file, one)
    unsure = [node for node in bare if not _single(script, node, values)]
    if unsure and len(unsure) == len(bare) and all(_list(script, node, values) for node in unsure):
        which = ", ".join(dict.fromkeys(script.source(node) for node in unsure))
        message = f"{file.path}:{one.line}: {which} holds several words on purpose, and quotes would make one of them"
        raise Harmless(message)
    open_ended = [script.source(node) for node in unsure]
    if not bare or open_ended:
        which = ", ".join(open_ended[:3]) or "a variable"
        message = f"{file.path}:{one.line}: whether {which} is one word is not plain to see, and a list stays unquoted"
        raise NoFix(message)
    how = "The value stays one argument whatever it holds: a blank or a `*` in it changes nothing any more."
    warning = "an empty value is now an empty argument instead of none"
    _refuse_torn(script, bare)
    for approach, parts in (("quote-word", _whole(script, bare)), ("quote-variable", [_span(script, n) for n in bare])):
        edits = [file.edit(part.start, part.end, f'"{part.text}"') for part in parts]
        yield candidate(approach, edits, how, ["RUN"], [warning])


def _refuse_torn(script: Script, nodes: list[Node]) -> None:
    """Say so where a word was read as several (`$a/$b` as `$a/$` and `b`): quotes would stand in its middle.

    Raises:
        NoFix: one was.
    """
    for word in map(_word, nodes):
        behind = script.text[word.end_byte : word.end_byte + 1]
        if re.match(rb"[\w./:@%+=,$-]", behind) or script.source(word).endswith("$"):
            place = f"{script.file.path}:{script.instruction.line}"
            message = f"{place}: where `{script.source(word)[:40]}` ends is not plain to see"
            raise NoFix(message)


def quotes(script: Script, name: str) -> list[Edit]:
    """What puts one variable in quotes wherever the shell would split its value: for values that are one word."""
    spans = [_span(script, node) for node in _bare(script, _VARIABLES)]
    own = (span for span in spans if (match := _NAME.match(span.text)) and match[1] == name and '"' not in span.text)
    return [script.file.edit(span.start, span.end, f'"{span.text}"') for span in own]


def _bare(script: Script, kinds: tuple[str, ...]) -> Iterator[Node]:
    """The expansions that no quotes protect, where the shell splits them."""
    for node in syntax.walk(script.root):
        if node.type in kinds and splits(node) and not re.match(r"\$\{?#|\$[?#$!*@0-9]", script.source(node)):
            yield node


def splits(node: Node) -> bool:
    """Whether the shell splits what an expansion yields."""
    inner = _word(node)
    place = inner.parent
    if place is None:
        return False
    if place.type in {"command", "file_redirect"}:
        return True
    return _in_test(place)


def _in_test(node: Node) -> bool:
    """Whether it stands in `[ … ]`; in `[[ … ]]` nothing is split."""
    above: Node | None = node
    while above is not None and above.type in {"binary_expression", "unary_expression", "test_command"}:
        if above.type == "test_command":
            return above.children[0].type == "["
        above = above.parent
    return False


def _word(node: Node) -> Node:
    """The whole word that an expansion is a part of."""
    while node.parent is not None and node.parent.type == "concatenation":
        node = node.parent
    return node


def _span(script: Script, node: Node) -> Word:
    return Word(script.offset + node.start_byte, script.offset + node.end_byte, script.source(node))


def _whole(script: Script, nodes: list[Node]) -> list[Word]:
    """The words around the expansions; the expansions alone where a part of the word is in quotes already."""
    found = {}
    for node in nodes:
        word = _word(node)
        text = script.source(word)
        chosen = word if not re.search(r"[\"'\\*?~\[]", text) else node
        found[chosen.start_byte] = _span(script, chosen)
    return list(found.values())


def _single(script: Script, node: Node, values: dict[str, str]) -> bool:
    """Whether it is known to be one word, by what it is or by where it stands."""
    text, word = script.source(node), _word(node)
    if node.type in _OUTPUT:
        if ONE_WORD_COMMAND.fullmatch(text):
            return True
        return _compared(word) if word.id == node.id else _in_path(script, node, word)
    if re.search(r"[\"`\n]", text):
        return False
    place = word.parent
    if word.id != node.id:
        # A list would make nonsense of what it is glued to; only an option may be repeated by one.
        return not re.match(r"-\w\$", script.source(word))
    if place is not None and (place.type == "file_redirect" or _in_test(place)):
        return True
    if place is not None and place.type == "command" and script.source(place.children[0]) in _PRINTS:
        return True
    name = _NAME.match(text)
    return name is not None and _one_word(name[1], values.get(name[1]))


def _compared(word: Node) -> bool:
    """Whether `[ … ]` compares it with something: a second word would be an error there."""
    place = word.parent
    return place is not None and place.type == "binary_expression" and _in_test(place)


def _in_path(script: Script, node: Node, word: Node) -> bool:
    """Whether it names a folder of a path (`$(php-config --extension-dir)/x.so`): of a list, only the last would."""
    before = script.text[word.start_byte : node.start_byte]
    after = script.text[node.end_byte : word.end_byte]
    return (after.startswith(b"/") or before.endswith(b"/")) and not re.search(rb"[{*?]", before + after)


def _list(script: Script, node: Node, values: dict[str, str]) -> bool:
    """Whether a variable that stands alone as an argument is known to hold several words."""
    place, name = node.parent, _NAME.match(script.source(node))
    if name is None or place is None or place.type != "command" or place.named_children[0].id == node.id:
        return False
    assigned = [each.named_children for each in syntax.walk(script.root) if each.type == "variable_assignment"]
    inner = [script.source(parts[-1]).strip("'\"") for parts in assigned if script.source(parts[0]) == name[1]]
    given = [values.get(name[1], ""), *inner]
    return any(_PRINTS_LIST.search(text) or (not _RUNS.search(text) and re.search(r"\S\s+\S", text)) for text in given)


def _one_word(name: str, value: str | None) -> bool:
    if value:
        return bool(_PLAIN.fullmatch(value)) and not _SEVERAL.search(name)
    return bool(_ONE.search(name.upper()))


def _values(file: Dockerfile, one: Instruction) -> dict[str, str]:
    """What the ENV and ARG above give each variable."""
    found: dict[str, str] = {}
    for each in reversed(before(file, one, "ENV", "ARG")):
        found |= pairs(each)
    return found
