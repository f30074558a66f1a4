"""A training command that something else has started several times joins the others.

Knows: the environment. Must not know: torch.
"""

import os

from temdeep.training.processes import Processes, see_one_gpu


def started_by_others() -> Processes | None:
    """Which one this process is where torchrun or `srun` has started it; else None.

    It then sees the GPU of its number on this machine. To be called before torch is loaded.
    """
    # who is gone is told in a sentence, not in a stack of C++
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    found = Processes.started_by_others(os.environ)
    local = os.environ.get("LOCAL_RANK", os.environ.get("SLURM_LOCALID", ""))
    if found is not None and local:
        see_one_gpu(int(local))
    return found
