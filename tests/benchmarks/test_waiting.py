"""What the tutorial is timed by: its own commands, each as one process."""

import sys
import time
from functools import partial

from tests.docs.blocks import blocks_of, commands_of

from benchmarks import waiting


def test_all_commands_of_the_tutorial_can_be_timed() -> None:
    blocks = [one for one in blocks_of(waiting.TUTORIAL) if one.language == "console"]
    commands = [waiting.command_of(one) for block in blocks for one in commands_of(block.text)]
    assert {one[3] for one in commands} >= {"doctor", "info", "downscale", "train", "evaluate"}
    assert all(one[:3] == [sys.executable, "-m", "temdeep"] for one in commands)


def test_time_is_that_from_start_to_end() -> None:
    assert 0.1 <= waiting.timed(partial(time.sleep, 0.1)) < 5
