"""What `config/config.yaml` holds: all that `main.py` and `eval.py` can be told."""

from dataclasses import dataclass, field, fields
from pathlib import Path

from temdeep.training.settings import TrainingSettings

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = ROOT / "config" / "config.yaml"


@dataclass(frozen=True)
class Config(TrainingSettings):
    """Settings of main.py and eval.py.

    Attributes:
        data: The coarse series to learn from: a file, or several, or a pattern.
        variables: Which variables, as a list or with commas between; all if empty.
        kinds: What variables are where the files do not say, such as tp: "sum:1h".
        static: A file with orography and land-sea mask on the same grid.
        every: Take one time in so many of the series.
        first: Take the series from this time on; from its start if not given.
        last: Take the series to this time, included; to its end if not given.
        model_path: Folder of the model. N stands for a number: for main.py the next free one (or
            that of a training that was stopped), for eval.py the last. ./save or logs/0 are taken
            as they are.
        epoch_num: Epoch that eval.py takes: best, or a number.
        runs: Folder for TensorBoard, N standing for the name of the model's folder; none if null.
        overwrite: Replace a model that is there.
        device: auto, cpu or cuda.
        nodes: How many processes train together, each started by hand.
        nr: Which of them this one is, from 0.
        wait: Seconds to wait for the others; they meet at MASTER_ADDR and MASTER_PORT.
        truth: The series with all its times that eval.py tests on.
        withhold: eval.py keeps one time in so many of the truth; if not given, so many as make
            the step the model was trained on.
        metrics: Where eval.py writes its scores; if not given, into the folder of the model.
    """

    data: str | list[str] = "data/atlantic_6hourly.nc"
    variables: str | list[str] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    static: str | None = None
    every: int = 1
    first: str | None = None
    last: str | None = None
    model_path: str = "logs/N"
    epoch_num: int | str = "best"
    runs: str | None = "runs/N"
    overwrite: bool = False
    device: str = "auto"
    nodes: int = 1
    nr: int = 0
    wait: float = 300.0
    truth: str | list[str] = "data/atlantic_hourly_truth.nc"
    withhold: int | None = None
    metrics: str | None = None

    @property
    def training(self) -> TrainingSettings:
        """The part that says how to train."""
        names = [one.name for one in fields(TrainingSettings)]
        return TrainingSettings(**{name: getattr(self, name) for name in names})
