"""The literal of a finding that is a credential, and not something that only looks like one."""

from __future__ import annotations

import ast
import re

from daemon.domain.finding import Region
from workers.fixers.python.credentials.names import called
from workers.fixers.python.credentials.uses import (
    is_example,
    is_expected,
    is_one_of_words,
    is_shown,
    names_a_store,
    not_deployed,
)
from workers.fixers.python.source.module import Module
from workers.fixers.registry import Harmless, NoFix
from workers.fixers.secrets.names import is_label, refuse_placeholder

_WORDS = re.compile(
    r"pas+wo?r?d|pass(?:phrase)?$|passwd|pwd|token|secret|api_?key|credential|private_?key|access_?key", re.IGNORECASE
)


def credential_at(file: Module, where: Region, *, certain: bool) -> tuple[ast.Constant, str]:
    """The literal at the region and what the code calls it.

    Raises:
        NoFix: there is none, or it is a label rather than a credential.
    """
    named = [(node, name) for node in file.nodes if isinstance(node, ast.Constant) and (name := called(file, node))]
    on_line = [(node, name) for node, name in named if node.lineno in where.lines]
    of_call = [(node, name) for node, name in named if _holder_line(file, node) == where.start_line]
    found = [pair for pair in (on_line or of_call) if _WORDS.search(pair[1])]
    # Of a literal in a dictionary, bandit's range is the whole of it.
    found = [pair for pair in found if pair[0].lineno == where.start_line] or found
    if not found and certain and len(on_line) == 1:
        found = on_line
    if not found:
        message = f"{file.path}:{where.start_line} holds no literal whose use is certain enough to move it"
        raise NoFix(message) if certain else Harmless(message)
    real = [(node, name) for node, name in found if not is_label(str(node.value), name)]
    if not real:
        message = (
            f"{file.path}:{where.start_line} is a label or a sentence, not a credential: suppress it with that reason"
        )
        raise Harmless(message)
    node, name = real[0]
    at = f"{file.path}:{node.lineno}"
    if is_expected(file, node):
        message = f"{at} is what an assert expects: made up for a check, it protects nothing"
        raise Harmless(message)
    if is_one_of_words(file, node):
        message = f"{at} is one of the words that the code tells apart: it opens nothing"
        raise Harmless(message)
    if is_shown(file, node):
        message = f"{at} shows where a password belongs, as the user's name beside it does"
        raise Harmless(message)
    if names_a_store(file, node):
        message = f"{at} names the secret, whose value lies elsewhere"
        raise Harmless(message)
    refuse_placeholder(str(node.value), at)
    if is_example(file, node):
        message = f"{at} is the example of a description: it shows a form and opens nothing"
        raise Harmless(message)
    settings = not_deployed(file, node)
    if settings:
        message = (
            f"{at} is a setting of `{settings}`, with which nothing is deployed; the module "
            "that the others share would ask for it wherever it is imported"
        )
        raise Harmless(message)
    return node, name


def _holder_line(file: Module, node: ast.AST) -> int | None:
    """The line where the call or the function begins that holds the literal."""
    holders = (
        each for each in file.ancestors(node) if isinstance(each, ast.Call | ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return next((each.lineno for each in holders), None)
