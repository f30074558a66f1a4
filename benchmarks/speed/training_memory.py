"""Peak memory of a training on a series, and on one of eight times its length.

python -m benchmarks.speed.training_memory
"""

import sys
import tempfile
from pathlib import Path

from benchmarks.speed.processes import run, temdeep
from benchmarks.speed.series import make

ROWS, COLUMNS, SHORT, TIMES_LONGER = 121, 240, 200, 8

SETTINGS = "epochs: 1\nsamples: 8\nwidth: 8\ndepth: 1\ncrop: 32\n"
"""As little as a training can do: what is held of the series is what counts here."""


def main() -> int:
    """Print both peaks.

    Returns:
        The exit code.
    """
    peaks = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "settings.yaml").write_text(SETTINGS)
        for count in (SHORT, TIMES_LONGER * SHORT):
            source = make(folder / f"{count}.zarr", ROWS, COLUMNS, count)
            told = ("--config", str(folder / "settings.yaml"), "--quiet")
            command = temdeep("train", str(source), "-o", str(folder / f"run_{count}"), *told)
            cost = run(command)
            peaks.append(cost.peak_bytes)
            print(
                f"{count} intervals on {ROWS} x {COLUMNS} cells: peak {cost.peak_bytes / 1e6:.0f}"
                f" MB, {cost.core_seconds:.0f} s of a core"
            )
    print(f"{TIMES_LONGER} times the length takes {peaks[1] / peaks[0]:.2f} times the memory")
    return 0


if __name__ == "__main__":
    sys.exit(main())
