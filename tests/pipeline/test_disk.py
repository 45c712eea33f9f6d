from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from smartprod.errors import DiskError, EncoderError
from smartprod.pipeline import disk_error


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "SP940"),
        (errno.EDQUOT, "SP940"),
        (errno.EROFS, "SP941"),
        (errno.EACCES, "SP942"),
        (errno.EPERM, "SP942"),
        (errno.ENOENT, "SP943"),
        (errno.ENOTDIR, "SP943"),
        (errno.EISDIR, "SP943"),
        (errno.EIO, "SP944"),
    ],
)
def test_disk_errors_of_the_system_have_codes(number, code, tmp_path):
    told = disk_error(OSError(number, "no", str(tmp_path / "file")))
    assert isinstance(told, DiskError)
    assert (told.code, told.where) == (code, str(tmp_path / "file"))
    assert told.fix


def test_disk_other_errors_are_none_of_its_business():
    assert disk_error(ValueError("broken")) is None
    assert disk_error(OSError("without a number")) is None
    assert disk_error(OSError(errno.EINVAL, "invalid")) is None
    assert disk_error(KeyError("os error 28")) is None


def test_disk_error_behind_another_one_is_found():
    error = EncoderError("SP425", "the store")
    error.__cause__ = OSError("LanceError(IO): No space left on device (os error 28), lance/writer.rs:254:9")
    told = disk_error(error, where=Path("store"))
    assert told is not None
    assert (told.code, told.where) == ("SP940", "store")


def test_disk_missing_file_told_by_pyarrow_is_recognised(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        pq.ParquetFile(tmp_path / "gone.parquet")
    told = disk_error(caught.value)
    assert told is not None
    assert (told.code, told.where) == ("SP943", str(tmp_path / "gone.parquet"))


@pytest.mark.skipif(os.name == "nt", reason="Windows limits no file sizes")
def test_disk_full_told_by_lance_is_recognised(tmp_path):
    code = f"""
        import resource, signal
        import lance, pyarrow as pa
        from smartprod.pipeline import disk_error
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, resource.RLIM_INFINITY))
        try:
            lance.write_dataset(pa.table({{"row": range(100_000)}}), {str(tmp_path / "x.lance")!r})
        except Exception as error:
            print(disk_error(error).code)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["SP940"]
