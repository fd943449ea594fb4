"""Reads a file that holds one JSON value, plain or compressed with gzip or xz.

content = read_json("train-v1.1.json.xz")
"""

import gzip
import json
import lzma
import zlib
from pathlib import Path
from typing import Any

from quals_jax.data.readers import check_input


def read_json(path: str | Path) -> Any:
    """The value in ``path``; compression is seen by the first bytes, a byte order mark is skipped.

    Raises FileNotFoundError, or ValueError with line and column for what is not UTF-8 JSON.
    """
    raw = check_input(path).read_bytes()
    try:
        if raw.startswith(b"\x1f\x8b"):
            raw = gzip.decompress(raw)
        elif raw.startswith(b"\xfd7zXZ"):
            raw = lzma.decompress(raw)
        return json.loads(raw.decode("utf-8-sig"))
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
        raise ValueError(f"{path}: the compressed file is damaged ({error}); copy it again") from (
            error
        )
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: byte {error.start} is not UTF-8; convert the file") from error
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{path}, line {error.lineno}, column {error.colno}: not JSON ({error.msg})"
        ) from error
