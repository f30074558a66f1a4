"""Rows computed in several processes, and the file that they are kept in.

Each row is written as soon as it is there, so that a benchmark can be stopped and gone on with.
"""

import concurrent.futures
import json
import multiprocessing
from collections.abc import Iterator
from pathlib import Path

from benchmarks.science.rows import Json, Task, run

from temdeep.errors import TemdeepError


def computed(tasks: list[Task], jobs: int) -> Iterator[tuple[Task, Json | str]]:
    """Rows as they come, or a sentence where one could not be computed."""
    if not tasks:
        return
    context = multiprocessing.get_context("spawn")
    pool = concurrent.futures.ProcessPoolExecutor(max(jobs, 1), mp_context=context)
    try:
        waiting = {pool.submit(run, task): task for task in tasks}
        for done in concurrent.futures.as_completed(waiting):
            try:
                yield waiting[done], done.result()
            except TemdeepError as error:
                yield waiting[done], f"left out: {error}"
    except KeyboardInterrupt:
        for worker in multiprocessing.active_children():
            worker.terminate()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def read(file: Path) -> list[Json]:
    """Rows with their records."""
    if not file.is_file():
        return []
    told = json.loads(file.read_text(encoding="utf-8"))
    rows: list[Json] = told["rows"]
    for row in rows:
        row["records"] = [told["records"][i] for i in range(*row.pop("places"))]
    return rows


def write(file: Path, rows: list[Json]) -> None:
    """All rows and, flat, their records; whole or not at all."""
    rows.sort(key=lambda row: (row["case"], row["method"]))
    records: list[Json] = []
    kept = []
    for row in rows:
        places = [len(records), len(records) + len(row["records"])]
        kept.append({**{name: row[name] for name in row if name != "records"}, "places": places})
        records += row["records"]
    told = {
        "about": "Made by python -m benchmarks.science; records of a row: from one of its places"
        " to before the other.",
        "rows": kept,
        "records": records,
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(told, indent=None) + "\n", encoding="utf-8")
    unfinished.replace(file)
