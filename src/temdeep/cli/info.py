"""`temdeep info`: what a file holds, how each variable will be treated, and why; or a model.

What is ambiguous is shown here, not refused.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from temdeep.cli.arguments import add_series_arguments, kinds, names
from temdeep.cli.reporting import stdout, tell_json

if TYPE_CHECKING:
    from rich.console import Console

    from temdeep.fields.survey import Survey
    from temdeep.fields.variables import Channel
    from temdeep.methods.consistent import PostCondition

EPILOG = """examples, with the series that the repository ships:
  temdeep info data/atlantic_6hourly.nc
  temdeep info data/atlantic_hourly_truth.nc --variable t2m,pr --json
  temdeep info 'data/atlantic_6*.nc' --static data/atlantic_hourly_truth.nc
  temdeep info data/atlantic_6hourly.nc --kind pr=mean:6h
  temdeep info run                          (after: temdeep train data/atlantic_6hourly.nc -o run)
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "info",
        help="what a file holds, how each variable will be treated, and why",
        description="Show variables, grid, time axis and its gaps; how each variable will be"
        " treated and why; what is ambiguous. Of a model: what it learnt from, how, and how good"
        " it was.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_series_arguments(parser)
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what the files hold.

    Returns:
        The exit code: 0 also where variables are ambiguous.
    """
    only = Path(arguments.sources[0]) if len(arguments.sources) == 1 else None
    if only is not None and _is_model(only):
        _tell_model(only, as_json=arguments.json)
        return 0
    from temdeep.fields.forecasts import survey_runs

    found = survey_runs(
        arguments.sources,
        variables=names(arguments.variable) or None,
        kinds=kinds(arguments.kind) or None,
        static=arguments.static,
    )
    if arguments.json:
        tell_json(summary_of(found))
    else:
        _print_survey(found)
    return 0


def _is_model(path: Path) -> bool:
    return path.is_dir() and any(path.glob("epoch_*"))


def _tell_model(path: Path, *, as_json: bool) -> None:
    from temdeep import model_store
    from temdeep.cli.card import card_lines

    description = model_store.description(path)
    sha256 = model_store.digest(path)
    if as_json:
        tell_json({**description, "sha256": sha256})
        return
    console = stdout(soft_wrap=True)
    console.print(f"model     {path}", style="bold")
    for line in card_lines(description, sha256):
        console.print(line)


def summary_of(found: Survey) -> dict[str, object]:
    """What a survey found, as plain values for JSON."""
    from temdeep.fields.time_axis import format_duration, show

    time = found.time
    return {
        "source": found.source,
        "time": {
            "name": found.time_name,
            "count": len(time),
            "first": show(time.values[0]),
            "last": show(time.values[-1]),
            "step": format_duration(time.step_us),
            "calendar": time.calendar,
            "regular": not time.irregularity(),
            "gaps": [
                {
                    "from": show(time.values[i]),
                    "to": show(time.values[i + 1]),
                    "length": format_duration(int(time.steps_us()[i])),
                }
                for i in time.gaps().tolist()
            ],
            "advice": time.irregularity(),
        },
        "grid": None if found.grid is None else _grid_summary(found),
        "statics": dict(found.statics),
        "variables": [_variable_summary(found, channels) for channels in _by_variable(found)],
        "ambiguous": {name: str(problem) for name, problem in found.problems.items()},
        "notes": list(found.notes),
        "carried": list(found.carried),
        "along_time": list(found.along),
    }


def _grid_summary(found: Survey) -> dict[str, object]:
    grid = found.grid
    if grid is None:
        return {}
    rows, columns = grid.shape
    return {
        "description": str(grid),
        "rows": rows,
        "columns": columns,
        "dimensions": list(grid.dims),
        "cyclic": grid.metric.cyclic,
        "uniform": grid.uniform,
        "elevation": grid.elevation_m is not None,
        "land_fraction": grid.land_fraction is not None,
    }


def _by_variable(found: Survey) -> list[list[Channel]]:
    variables: dict[str, list[Channel]] = {}
    for channel in found.channels:
        variables.setdefault(channel.variable, []).append(channel)
    return list(variables.values())


def _variable_summary(found: Survey, channels: list[Channel]) -> dict[str, object]:
    from temdeep.fields.valid_times import describe_periods

    first = channels[0]
    periods = ""
    if first.variable in found.edges:
        periods = describe_periods(found.edges[first.variable], found.time)
    partners = [one.partner.split("[")[0] for one in channels if one.partner]
    return {
        "name": first.variable,
        "units": first.units,
        "kind": first.kind.value,
        "nature": first.nature.value,
        "fields": len(channels),
        "levels": list(dict.fromkeys(one.level for one in channels)),
        "vector_with": partners[0] if partners else "",
        "tied_to_ground": first.ground,
        "periods": periods,
        "running_total": _total_summary(found, first.variable),
        "reason": first.reason,
        "post_conditions": {name.value: words for name, words in _kept(found, first).items()},
    }


def _kept(found: Survey, channel: Channel) -> dict[PostCondition, str]:
    """What made values of a channel keep, by the name with which that is turned off."""
    from temdeep.methods.consistent import promises

    return promises(found.channels).get(channel.name, {})


def _total_summary(found: Survey, variable: str) -> dict[str, object] | None:
    """Since when a running total counts, and where it begins anew; None for all else."""
    from temdeep.fields.time_axis import show

    totals = found.totals.get(variable)
    if totals is None:
        return None
    begins = [show(found.time.at(start)) for start in sorted(set(totals.edges[:, 0].tolist()))]
    return {"since": begins[0], "begins_anew": begins[1:], "cannot_fall": totals.rising}


def _print_survey(found: Survey) -> None:
    from rich.table import Table
    from rich.text import Text

    console = stdout(soft_wrap=True)
    console.print(Text(found.source, style="bold"))
    for line in _headlines(found):
        console.print(line)
    table = Table(box=None, pad_edge=False)
    for name in ("variable", "units", "kind", "treated as", "level"):
        table.add_column(name, overflow="fold")
    for channels in _by_variable(found):
        total = channels[0].variable in found.totals
        table.add_row(*(Text(cell) for cell in _cells(channels, "running total" if total else "")))
    if found.channels:
        console.print()
        console.print(table, soft_wrap=False)
        console.print("\nwhy", style="bold")
    for reason, reasoned in _reasons(found).items():
        console.print(f"  {', '.join(reasoned)}: {reason}")
    _print_promises(console, found)
    if found.problems:
        console.print("\nto be settled before these can be filled in:", style="bold")
        for problem in found.problems.values():
            console.print(f"  {problem}")
    if found.carried:
        console.print(
            f"\ncarried along as they are: {', '.join(found.carried)}",
        )
    if found.along:
        console.print(
            f"\nput between given times, on the line or the nearest: {', '.join(found.along)}",
        )


def _print_promises(console: Console, found: Survey) -> None:
    kept = [(channels[0], _kept(found, channels[0])) for channels in _by_variable(found)]
    if any(promised for _, promised in kept):
        console.print("\npost-conditions (`downscale` turns them off by name)", style="bold")
    for channel, promised in kept:
        for name, words in promised.items():
            line = f"  {name}: {channel.variable} {words}"
            console.print(line)


def _headlines(found: Survey) -> list[str]:
    from temdeep.fields.time_axis import format_duration, show

    time = found.time
    span = f"{show(time.values[0])} to {show(time.values[-1])}"
    lines = [f"time     {len(time)} times every {format_duration(time.step_us)}, {span}"]
    lines[0] += f", {time.calendar} calendar"
    gaps = time.irregularity()
    lines.append(f"gaps     {gaps or 'none'}")
    lines.append(f"grid     {found.grid or 'none found'}")
    statics = ", ".join(f"{name} ({role})" for name, role in found.statics.items())
    lines.append(f"statics  {statics or 'none (give elevation and land with --static)'}")
    lines += [f"note     {note}" for note in found.notes]
    return lines


def _cells(channels: list[Channel], called: str) -> tuple[str, ...]:
    first = channels[0]
    levels = list(dict.fromkeys(one.level for one in channels))
    level = levels[0] if len(levels) == 1 else f"{levels[0]} … {levels[-1]} ({len(levels)})"
    treated = [first.nature.value]
    treated += [f"{first.component} of a vector" if first.partner else ""]
    treated += ["tied to the ground" if first.ground else ""]
    name = first.variable if len(channels) == 1 else f"{first.variable} ({len(channels)} fields)"
    return (
        name,
        first.units,
        called or first.kind.value,
        ", ".join(filter(None, treated)),
        level,
    )


def _reasons(found: Survey) -> dict[str, list[str]]:
    """Names of the variables that share a reason."""
    reasons: dict[str, list[str]] = {}
    for channels in _by_variable(found):
        reasons.setdefault(channels[0].reason, []).append(channels[0].variable)
    return reasons
