"""Models on disk: a folder with a JSON description and one safetensors file per epoch.

    RUN/description.json        what it is, what it was trained on, how good it was when
    RUN/epoch_0012.safetensors  averaged weights and sun responses after epoch 12
    RUN/resume.ckpt             Lightning's own state, to go on with the training; never needed to
                                use the model

Descriptions are read without torch, models are not.

Knows: files of models. Must not know: training, the command line.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from temdeep._version import __version__
from temdeep.checkout import checkout_commit
from temdeep.errors import ModelError
from temdeep.extras import need
from temdeep.fields.variables import Channel, Kind, Nature
from temdeep.methods.daily import HourMeans
from temdeep.methods.places import PlaceBasis
from temdeep.methods.registry import fitted
from temdeep.methods.responses import Response
from temdeep.methods.solar import Solar
from temdeep.methods.spread import Spread
from temdeep.methods.sunlight import LightLaw
from temdeep.methods.wandering import Wandering
from temdeep.network.settings import NetworkSettings

if TYPE_CHECKING:
    import torch

    from temdeep.methods.learnt import Learnt
    from temdeep.network.architecture import InterpolationNetwork

FORMAT = 3
DESCRIPTION = "description.json"
RESUME = "resume.ckpt"
_EPOCH = re.compile(r"epoch_(\d{4,})\.safetensors")
_SUN = "sun."
_DAILY = "daily.maps"


def epoch_file(run: Path, epoch: int) -> Path:
    """Where the weights of an epoch are."""
    return run / f"epoch_{epoch:04d}.safetensors"


def epochs(run: Path) -> list[int]:
    """Epochs whose weights a run holds, ascending."""
    found = (_EPOCH.fullmatch(path.name) for path in run.iterdir()) if run.is_dir() else ()
    return sorted(int(match[1]) for match in found if match)


def last_epoch(run: Path) -> int:
    """The last epoch that a run was trained to; 0 if to none."""
    return max(map(int, read(run).get("epochs", {})), default=0)


def is_model(path: Path) -> bool:
    """Whether a path is the folder of a run."""
    return (path / DESCRIPTION).is_file()


def read(folder: Path) -> dict[str, Any]:
    """The description of a run as it is written, finished or not.

    Raises:
        ModelError: There is none, or it is of another format.
    """
    path = folder / DESCRIPTION
    if not folder.exists():
        raise ModelError(f"there is no model {folder}: name the folder of a training run.")
    if not path.is_file():
        raise ModelError(f"{folder} holds no model: it has no {DESCRIPTION}.")
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(
            f"{path} is broken or no description of a model ({_one_line(error)}): train it anew, or"
            " take it from where it came from."
        ) from error
    if not isinstance(told, dict) or "format" not in told:
        raise ModelError(f"{path} is no description of a model: it does not say its format.")
    if told["format"] != FORMAT:
        raise ModelError(
            f"{path} is of format {told.get('format')} and this version reads {FORMAT}: train it"
            f" again, or use the version it was made with, {told.get('version')}."
        )
    return told


def description(run: Path | str, epoch: int | None = None) -> dict[str, Any]:
    """The description of a run, with the chosen epoch as `epoch`.

    Args:
        run: Folder of the run.
        epoch: Which epoch; None: the best one.

    Raises:
        ModelError: There is no model, it is of another format, or the epoch is not there.
    """
    folder = Path(run)
    told = read(folder)
    held = epochs(folder)
    chosen = told.get("best_epoch") if epoch is None else epoch
    if chosen not in held:
        raise ModelError(f"{folder} has no epoch {chosen}; it has {_ranges(held) or 'none'}.")
    told["epoch"] = chosen
    return told


def digest(run: Path | str, epoch: int | None = None) -> str:
    """SHA-256 of an epoch's weights, in hexadecimal.

    Raises:
        ModelError: As `description`.
    """
    folder = Path(run)
    weights = epoch_file(folder, description(folder, epoch)["epoch"])
    return hashlib.sha256(weights.read_bytes()).hexdigest()


def load_method(run: Path | str, epoch: int | None = None, device: str = "cpu") -> Learnt:
    """Load a model as a method.

    Args:
        run: Folder of the run.
        epoch: Which epoch; None: the best one.
        device: Where it is to run, such as `cuda`.

    Raises:
        ModelError: There is no model, it is broken or unfinished, or the epoch is not there.
    """
    folder = Path(run)
    told = description(folder, epoch)
    if told.get("instead") is None:
        raise ModelError(
            f"the training of {folder} has not finished: run the same command again, and it goes"
            " on where it stopped."
        )
    model = learnt_only(folder, epoch, device)
    try:
        instead = {name: (one["method"], one["reason"]) for name, one in told["instead"].items()}
    except (AttributeError, KeyError, TypeError) as error:
        raise ModelError(
            f"{folder / DESCRIPTION} does not say which method each variable gets: train it anew."
        ) from error
    classical = {name: fitted(name, model.solar) for name, _ in instead.values()}
    return dataclasses.replace(model, instead=instead, classical=classical)


def learnt_only(folder: Path, epoch: int | None = None, device: str = "cpu") -> Learnt:
    """The network's part of a model, used for all its channels, better or not.

    Raises:
        ModelError: There is no model, it is broken, or the epoch is not there.
        MissingExtraError: Torch is not installed.
    """
    told = description(folder, epoch)
    path = epoch_file(folder, told["epoch"])
    need("train")
    import torch  # noqa: PLC0415 - takes seconds, and descriptions are read without
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415

    from temdeep.methods.learnt import Learnt  # noqa: PLC0415
    from temdeep.network.architecture import InterpolationNetwork  # noqa: PLC0415

    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        with torch.random.fork_rng(devices=[]):  # first weights are drawn, and not used
            network = InterpolationNetwork(_network_settings(told["network"]))
        network.load_state_dict(
            {name: one for name, one in tensors.items() if not name.startswith((_SUN, _DAILY))}
        )
        solar = _solar(told["solar"], tensors)
        hours = np.array(told["hours_us"], np.int64)
        daily = HourMeans(solar.basis, hours, tensors[_DAILY].numpy())
        channels = tuple(_channel(one) for one in told["channels"])
    except (SafetensorError, RuntimeError, LookupError, TypeError, ValueError) as error:
        raise ModelError(
            f"{path} is broken or not of the model that {DESCRIPTION} describes"
            f" ({_one_line(error)}): train it anew, or take both from where they came from."
        ) from error
    network = network.eval().requires_grad_(requires_grad=False).to(device)
    return Learnt(network, channels, solar, daily, instead={}, classical={})


def spread(folder: Path, epoch: int | None = None) -> Spread | None:
    """How wrong a model may be; None where it does not say.

    Args:
        folder: The training run.
        epoch: Which epoch; None: the best, of which alone it says so.

    Raises:
        ModelError: There is no model, or what it says is broken.
    """
    described = read(folder)
    told = described.get("spread")
    if told is None or epoch not in (None, described.get("best_epoch")):
        return None
    try:
        return Spread.from_plain(told)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"what {folder / DESCRIPTION} says of the model's errors is broken"
            f" ({_one_line(error)}): train it anew."
        ) from error


def remove(folder: Path) -> None:
    """Delete what a training wrote into its folder, and nothing else."""
    for epoch in epochs(folder):
        epoch_file(folder, epoch).unlink()
    for name in (DESCRIPTION, RESUME):
        (folder / name).unlink(missing_ok=True)
    for unfinished in folder.glob("*.partial"):
        if re.fullmatch(r"epoch_\d{4,}|description|resume\.ckpt", unfinished.stem):
            unfinished.unlink()


def save_weights(
    run: Path, epoch: int, network: InterpolationNetwork, solar: Solar, daily: HourMeans
) -> None:
    """Write the weights of an epoch, complete or not at all."""
    import torch  # noqa: PLC0415 - as in `learnt_only`
    from safetensors.torch import save  # noqa: PLC0415

    tensors = {name: one.detach().cpu().contiguous() for name, one in network.state_dict().items()}
    for name, response in solar.responses.items():
        if response.amplitudes is not None:
            tensors[_SUN + name] = torch.from_numpy(response.amplitudes).contiguous()
    tensors[_DAILY] = torch.from_numpy(daily.maps).contiguous()
    path = epoch_file(run, epoch)
    beside = path.with_suffix(".partial")
    beside.write_bytes(save(tensors))  # save_file makes it for the owner's eyes only
    beside.replace(path)


def write_description(run: Path, told: Mapping[str, Any]) -> None:
    """Write the description, complete or not at all."""
    path = run / DESCRIPTION
    beside = path.with_suffix(".partial")
    made_by = {"version": __version__, "commit": checkout_commit()}
    text = json.dumps({"format": FORMAT, **made_by, **told}, indent=1)
    beside.write_text(text + "\n", encoding="utf-8")
    beside.replace(path)


def describe_solar(solar: Solar) -> dict[str, Any]:
    """The sun responses but for their amplitudes, which go with the weights."""
    return {
        "basis": dataclasses.asdict(solar.basis),
        "responses": {
            name: {
                "even": one.even,
                "reason": one.reason,
                "wandering": dataclasses.asdict(one.wandering),
            }
            for name, one in solar.responses.items()
        },
        "light": {name: dataclasses.asdict(law) for name, law in solar.light.items()},
    }


def describe_channel(channel: Channel) -> dict[str, Any]:
    """A channel as plain values."""
    return dataclasses.asdict(channel)


def _ranges(numbers: list[int]) -> str:
    """Ascending numbers, those that follow each other in one: 1 to 4, 7."""
    told: list[str] = []
    first = None
    for here, after in itertools.zip_longest(numbers, numbers[1:]):
        first = here if first is None else first
        if after != here + 1:
            told.append(str(here) if first == here else f"{first} to {here}")
            first = None
    return ", ".join(told)


def _one_line(error: Exception) -> str:
    """The first line of what a library says."""
    said = str(error).strip() or type(error).__name__
    return " ".join(said.splitlines()[0].split()).rstrip(".:")


def _solar(told: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> Solar:
    basis: dict[str, Any] = {
        name: tuple(one) if isinstance(one, list) else one for name, one in told["basis"].items()
    }
    responses = {
        name: Response(
            tensors[_SUN + name].numpy() if _SUN + name in tensors else None,
            bool(one["even"]),
            str(one["reason"]),
            Wandering(**one.get("wandering", {})),
        )
        for name, one in told["responses"].items()
    }
    light = {name: LightLaw(**law) for name, law in told["light"].items()}
    return Solar(PlaceBasis(**basis), responses, light)


def _channel(told: Mapping[str, Any]) -> Channel:
    return Channel(**{**told, "kind": Kind(told["kind"]), "nature": Nature(told["nature"])})


def _network_settings(told: Mapping[str, Any]) -> NetworkSettings:
    def frozen(value: Any) -> Any:
        return tuple(map(frozen, value)) if isinstance(value, list) else value

    return NetworkSettings(**{name: frozen(value) for name, value in told.items()})
