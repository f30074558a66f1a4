"""Fixtures that all tests share."""

import os
import sys
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("same", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("same")  # the same examples each time, however slow the machine

ROOT = Path(__file__).resolve().parents[1]
os.environ.pop("COLUMNS", None)  # whatever starts the tests may say how wide a terminal is
if str(ROOT) not in sys.path:  # so that tests find each other's helpers however pytest is started
    sys.path.insert(0, str(ROOT))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real files: TEMDEEP_DATA, or shared/data beside the checkout."""
    beside = ROOT.parent / "shared" / "data"
    folder = Path(os.environ.get("TEMDEEP_DATA", beside))
    if not folder.is_dir():
        message = f"no real files at {folder}: set TEMDEEP_DATA to their folder"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return folder
