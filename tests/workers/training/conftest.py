from __future__ import annotations

import msgspec
import pytest

from daemon.domain.example import Example, Split, Stage
from daemon.settings import Training, load


@pytest.fixture
def settings() -> Training:
    """Short stages at a rate that a tiny model learns from."""
    return msgspec.structs.replace(
        load({})[0].training,
        stage1_iterations=6,
        stage1_learning_rate=1e-2,
        stage2_iterations=8,
        stage2_learning_rate=1e-2,
        batch_size=2,
        max_tokens=256,
        lora_layers=2,
        lora_rank=4,
    )


@pytest.fixture
def examples() -> list[Example]:
    """Twelve of each stage; a quarter validates."""
    made = []
    for at in range(12):
        for stage in Stage:
            reply = "It runs a shell." if stage is Stage.ANALYSIS else '{"edits":[{"old":"a","new":"b"}]}'
            made.append(
                Example(
                    id=f"{at:02}-{stage}",
                    stage=stage,
                    prompt=f"{stage}: what about number {at}{' and more' * (at % 5)}?",
                    completion=f"{reply} {at}",
                    cluster=str(at),
                    finding_id=str(at),
                    score=1.0,
                    split=Split.VALID if at % 4 == 0 else Split.TRAIN,
                )
            )
    return made
