"""Which of several processes this one is, and where they meet.

Knows: what torchrun and SLURM tell. Must not know: torch.
"""

import os
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Self

from temdeep.errors import RequestError


class DesertedError(RequestError):
    """Another process has ended.

    Attributes:
        kept: What is kept and what to do, for the end of a sentence.
    """

    def __init__(self, what: str, kept: str) -> None:
        super().__init__(f"{what}: see what it says, and start all again; {kept}.")
        self.kept = kept


@dataclass(frozen=True)
class Processes:
    """Where this process stands among those that train together.

    Attributes:
        count: How many there are.
        rank: Which one this is, from 0.
        wait_s: How long to wait for the others.
        address, port: Where they meet: at process 0.
        opened: Name of the meeting in a place that is open already; nothing where process 0 opens
            it.
    """

    count: int = 1
    rank: int = 0
    wait_s: float = 300.0
    address: str = "127.0.0.1"
    port: int = 29500
    opened: str = ""

    def __post_init__(self) -> None:
        """Refuse a rank that does not exist.

        Raises:
            RequestError: The rank is not below the number of processes, or there is no such port.
        """
        if self.count < 1:
            raise RequestError(f"--nodes {self.count} is no number of processes: say 1 or more.")
        if not 0 <= self.rank < self.count:
            those = "the only rank is 0" if self.count == 1 else f"ranks are 0 to {self.count - 1}"
            raise RequestError(
                f"--nr {self.rank} is not below --nodes {self.count}: {those}, one for each"
                " process."
            )
        if not self.wait_s > 0:
            raise RequestError(f"to wait {self.wait_s:g} s is not to wait: say more than 0.")
        if not 0 < self.port < 65536:
            raise RequestError(f"MASTER_PORT {self.port} is no port: take one of 1 to 65535.")

    @classmethod
    def started_by_others(cls, said: Mapping[str, str]) -> Self | None:
        """Which one this is by what torchrun or a step of SLURM (`srun`) tells; None: by neither.

        Args:
            said: The environment.
        """
        if "TORCHELASTIC_RUN_ID" in said:
            theirs = said.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
            return cls(
                int(said["WORLD_SIZE"]),
                int(said["RANK"]),
                address=said["MASTER_ADDR"],
                port=int(said["MASTER_PORT"]),
                opened=f"start {said.get('TORCHELASTIC_RESTART_COUNT', 0)}" if theirs else "",
            )
        if int(said.get("SLURM_STEP_NUM_TASKS", 1)) > 1:
            from lightning_fabric.plugins.environments.slurm import SLURMEnvironment  # noqa: PLC0415

            nodes = said.get("SLURM_STEP_NODELIST", said.get("SLURM_NODELIST", cls.address))
            place = said.get("MASTER_ADDR", SLURMEnvironment.resolve_root_node_address(nodes))
            of_job = 15000 + int(
                said["SLURM_JOB_ID"][-4:]
            )  # so that two jobs of a node do not meet
            return cls(
                int(said["SLURM_STEP_NUM_TASKS"]),
                int(said["SLURM_PROCID"]),
                address=place,
                port=int(said.get("MASTER_PORT", of_job)),
            )
        return None

    @property
    def place(self) -> str:
        """Where they meet, as people write it."""
        return f"{self.address}:{self.port}"


def see_one_gpu(number: int, said: MutableMapping[str, str] = os.environ) -> None:
    """Let a process see one GPU of its machine; to be called before it looks for any.

    Args:
        number: Which one, from 0, of those that it sees.
        said: The process's environment.
    """
    seen = said.get("CUDA_VISIBLE_DEVICES")
    if seen is None:
        said["CUDA_VISIBLE_DEVICES"] = str(number)
    elif number < len(all_of := seen.split(",")):
        said["CUDA_VISIBLE_DEVICES"] = all_of[number]
