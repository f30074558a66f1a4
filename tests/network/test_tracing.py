"""What is traced for an export leaves nothing of the trace behind."""

import subprocess
import sys

TRACED_FIRST = """
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from temdeep.network.window import spline

before, theta = torch.tensor([3]), torch.tensor([[0.3]], dtype=torch.float64)
with FakeTensorMode(allow_non_fake_inputs=True):
    spline(before, before, theta)
print(float(spline(before, before, theta).sum()))
"""


def test_a_fill_after_a_trace_has_numbers() -> None:
    """In a process of its own, in which nothing was filled before."""
    done = subprocess.run(
        [sys.executable, "-c", TRACED_FIRST], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert abs(float(done.stdout) - 1) < 1e-12
