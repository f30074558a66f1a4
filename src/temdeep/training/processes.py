"""Which of several processes this one is, and where they meet.

Knows: nothing else. Must not know: torch.
"""

from dataclasses import dataclass

from temdeep.errors import RequestError


@dataclass(frozen=True)
class Processes:
    """Where this process stands among those that train together.

    Attributes:
        count: How many there are, each started by hand.
        rank: Which one this is, from 0.
        wait_s: How long to wait for the others.
        address, port: Where they meet: at process 0.
    """

    count: int = 1
    rank: int = 0
    wait_s: float = 300.0
    address: str = "127.0.0.1"
    port: int = 29500

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

    @property
    def place(self) -> str:
        """Where they meet, as people write it."""
        return f"{self.address}:{self.port}"
