"""examples → a folder in mlx-lm's chat format, one file for each stage and side, with a card."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from daemon.domain.example import Example, Split, Stage
from workers.dataset.split import side

_CARD = """---
pretty_name: Verified security fixes
task_categories: [text-generation]
tags: [security, sarif, verified-fixes]
---
# Verified security fixes

Made by secaid from scan reports. Every code fix here ended its finding in a re-scan by the scanner that reported
it, and changed nothing else; every analysis belongs to a finding with such a fix. Secrets are masked.

| stage | train | valid | test |
|---|---|---|---|
{rows}

Each line is `{{"messages": [user, assistant]}}`. The sides share no rule-and-code cluster, no code, no finding and
no change.
"""


def export(examples: Sequence[Example], folder: Path) -> Path:
    """Write `folder/STAGE/{train,valid,test}.jsonl` and `folder/README.md`, replacing the folder as a whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    for stage in Stage:
        (staging / stage).mkdir()
        for which in Split:
            lines = [chat_line(example) for example in side(examples, which, stage)]
            (staging / stage / f"{which}.jsonl").write_text("".join(lines), encoding="utf-8")
    rows = "\n".join(
        f"| {stage} | " + " | ".join(str(len(side(examples, which, stage))) for which in Split) + " |"
        for stage in Stage
    )
    (staging / "README.md").write_text(_CARD.format(rows=rows), encoding="utf-8")
    staging.chmod(0o755)
    if folder.exists():
        shutil.rmtree(folder)
    staging.replace(folder)
    return folder


def chat_line(example: Example) -> str:
    """One line of JSON, as mlx-lm reads chats."""
    messages = [{"role": "user", "content": example.prompt}, {"role": "assistant", "content": example.completion}]
    return json.dumps({"messages": messages}, ensure_ascii=False) + "\n"
