"""Model files that run code when they are loaded."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.source.calls import set_keyword
from workers.fixers.python.source.module import flagged
from workers.fixers.registry import Target, fixer


@fixer(
    name="python-model-load",
    weakness="unsafe deserialisation of a model",
    cwes=(502,),
    rules={"bandit": ["B614"], "semgrep": ["pickles-in-pytorch", "torch-load-weights-only"]},
    explain="""A PyTorch file is a pickle, and a pickle is a program: loading a model from elsewhere runs whatever its
maker put into it (CWE-502).

`weights_only=True` (PyTorch 1.13, the default since 2.6) reads tensors and plain data and refuses everything else. A
file that holds a whole model object must be saved again as `model.state_dict()`, or in the safetensors format.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`torch.load(…)` → with weights only."""
    names = ("torch.load", "torch.serialization.load")
    file, call = flagged(target, ast.Call, lambda each, node: each.calls(node, *names))
    yield candidate(
        "weights-only",
        [set_keyword(file, call, "weights_only", "True")],
        "Only tensors and plain data are read; nothing in the file is called.",
        warnings=("A file that holds a whole model object is refused.",),
    )
