"""Sources in a bucket: read from a server on this machine that speaks S3.

The commands run in a process of their own, which ends with the connections that s3fs leaves open.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import boto3
import numpy as np
import pytest
import xarray as xr
from moto.server import ThreadedMotoServer
from tests.engine.making import temperature

DAY = temperature([0, 3, 6, 9])
SECRETS = {"AWS_ACCESS_KEY_ID": "somebody", "AWS_SECRET_ACCESS_KEY": "secret"}
EACH = """
import contextlib, io, json, sys
from temdeep.cli.main import main
for command in json.loads(sys.argv[1]):
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        code = main(command)
    print(json.dumps([code, said.getvalue()]))
"""


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a public bucket, and a private one: the day as Zarr, as NetCDF, in halves."""
    folder = tmp_path_factory.mktemp("s3")
    DAY.to_netcdf(folder / "day.nc")
    DAY.isel(time=slice(2)).to_netcdf(folder / "half_1.nc")
    DAY.isel(time=slice(2, 4)).to_netcdf(folder / "half_2.nc")
    DAY.to_zarr(folder / "day.zarr", consolidated=False)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    try:
        client = boto3.client(
            "s3",
            region_name="us-east-1",
            endpoint_url=url,
            aws_access_key_id=SECRETS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=SECRETS["AWS_SECRET_ACCESS_KEY"],
        )
        with closing(client):
            for bucket, acl in (("public", "public-read"), ("private", "private")):
                client.create_bucket(Bucket=bucket, ACL=acl)
                for path in filter(Path.is_file, folder.rglob("*")):
                    key = path.relative_to(folder).as_posix()
                    client.put_object(Bucket=bucket, Key=key, Body=path.read_bytes(), ACL=acl)
        yield url
    finally:
        server.stop()


def each(
    commands: list[list[str]], endpoint: str, folder: Path, known: Mapping[str, str]
) -> list[tuple[int, str]]:
    """Exit codes of commands, and what they print."""
    given = {name: one for name, one in os.environ.items() if not name.startswith("AWS_")}
    given |= {"AWS_ENDPOINT_URL": endpoint, "AWS_EC2_METADATA_DISABLED": "true", **known}
    given |= dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
    done = subprocess.run(
        [sys.executable, "-c", EACH, json.dumps(commands)],
        cwd=folder,
        env=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stderr == ""
    return [(code, told) for code, told in map(json.loads, done.stdout.splitlines())]


def test_what_is_in_a_bucket_is_filled_and_what_is_not_is_told(
    endpoint: str, tmp_path: Path
) -> None:
    names = ("day.zarr", "day.nc", "half_*.nc")
    filling = ["--step", "1h", "--method", "linear"]
    commands = [
        ["downscale", f"s3://private/{name}", "-o", f"{i}.nc", *filling]
        for i, name in enumerate(names)
    ]
    absent = [f"s3://private/{name}" for name in ("none.nc", "none_*.nc", "none.zarr")]
    commands += [["info", one] for one in [*absent, "s3://nobucket/day.nc"]]
    told = each(commands, endpoint, tmp_path, SECRETS)
    for i in range(len(names)):
        assert told[i][0] == 0, told[i]
        with xr.open_dataset(tmp_path / f"{i}.nc") as found:
            np.testing.assert_allclose(found["t2m"][:, 0, 0], np.arange(10), rtol=1e-6)
    for url, (code, sentence) in zip(absent, told[len(names) : -1], strict=True):
        assert (code, sentence) == (2, f"temdeep: there is nothing at {url}.\n")
    code, sentence = told[-1]
    assert code == 2
    assert sentence.startswith("temdeep: ")
    assert "s3://nobucket/day.nc" in sentence
    assert sentence.count("\n") == 1


def test_who_has_no_credentials_reads_what_is_public(endpoint: str, tmp_path: Path) -> None:
    commands = [["info", f"s3://{bucket}/day.zarr"] for bucket in ("public", "private")]
    public, private = each(commands, endpoint, tmp_path, {"FSSPEC_S3_ANON": "true"})
    assert public[0] == 0, public
    assert "4 times every 3h" in public[1]
    assert private == (2, "temdeep: s3://private/day.zarr cannot be read: Forbidden.\n")
    (unknown,) = each(commands[:1], endpoint, tmp_path, {})
    assert unknown == (
        2,
        "temdeep: s3://public/day.zarr cannot be read: Unable to locate credentials.\n",
    )
