"""Sources by URL: whatever fsspec reads, such as s3://, https:// or gs://.

A Zarr store is read where it is. Any other file is fetched whole into the temporary folder
(TMPDIR), once, and removed when the process ends.

Knows: fsspec. Must not know: what is in the files.
"""

import atexit
import shutil
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from temdeep.errors import InputError, MissingExtraError
from temdeep.extras import EXTRAS, install_command

ZARR_MARKS = ("zarr.json", ".zgroup", ".zmetadata")
"""One of these is in every Zarr store."""

_PACKAGES = {
    **dict.fromkeys(("http", "https"), "aiohttp"),
    **dict.fromkeys(("gs", "gcs"), "gcsfs"),
    **dict.fromkeys(("az", "abfs", "abfss"), "adlfs"),
    "s3": "s3fs",
}
"""What reads a protocol, for those that fsspec needs a package for."""


@dataclass(frozen=True)
class RemoteStore:
    """A Zarr store that is not on this machine.

    Attributes:
        url: Where it is.
    """

    url: str

    @property
    def name(self) -> str:
        """The last part of its URL, for messages."""
        return _name(self.url)


def is_url(source: str | Path) -> bool:
    """Whether a source is a URL and no path."""
    return isinstance(source, str) and "://" in source


def found_at(url: str) -> list[Path | RemoteStore]:
    """What a URL, or a pattern in one, stands for, in order.

    Raises:
        InputError: There is nothing, or it cannot be read.
        MissingExtraError: A package for its protocol is not installed.
    """
    files, root = _file_system(url)
    try:
        places = sorted(files.glob(root)) if "*" in root else [root]
        return [_found(files, place) for place in places] or _nothing(url)
    except FileNotFoundError:
        return _nothing(url)
    except _reading_errors() as error:
        told = str(error).strip().split("\n")[0].rstrip(".") or type(error).__name__
        raise InputError(f"{url} cannot be read: {told}.") from error


def _nothing(url: str) -> list[Path | RemoteStore]:
    raise InputError(f"there is nothing at {url}.")


def _file_system(url: str) -> tuple[Any, str]:
    protocol = url.partition("://")[0].rpartition("::")[2]
    try:
        files, root = fsspec.core.url_to_fs(url)
    except ImportError as error:
        package = _PACKAGES.get(protocol)
        command = install_command(protocol) if protocol in EXTRAS else f"pip install {package}"
        how = f"needs {package}, which is not installed: {command}"
        told = how if package else f"needs a package that is not installed ({error})"
        raise MissingExtraError(f"reading {protocol}:// {told}.") from error
    except ValueError as error:
        raise InputError(f"{url} cannot be read: {str(error).rstrip('.')}.") from error
    return files, str(root)


def _found(files: Any, place: str) -> Path | RemoteStore:
    if isinstance(files, LocalFileSystem):
        return Path(place)
    asks = "?" in place  # then nothing can stand below it
    if not asks and any(files.exists(f"{place.rstrip('/')}/{mark}") for mark in ZARR_MARKS):
        return RemoteStore(files.unstrip_protocol(place))
    return _fetched(files, place)


@cache
def _fetched(files: Any, place: str) -> Path:
    """A file's copy on this machine, under its own name."""
    folder = Path(tempfile.mkdtemp(prefix="temdeep_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    copy = folder / _name(place)
    files.get_file(place, str(copy))
    return copy


def _name(place: str) -> str:
    return place.partition("?")[0].rstrip("/").rpartition("/")[2] or place


def _reading_errors() -> tuple[type[Exception], ...]:
    """What is raised where reading fails; libraries of protocols have errors of their own."""
    names = (("aiohttp", "ClientError"), ("botocore.exceptions", "BotoCoreError"))
    own = [getattr(sys.modules[one], error) for one, error in names if one in sys.modules]
    return (OSError, *own)
