"""A locale with a decimal comma, made here: machines have few locales, and CI has none."""

import os
import subprocess
from pathlib import Path

_NUMERIC = """LC_NUMERIC
decimal_point "<U002C>"
thousands_sep "<U002E>"
grouping 3;3
END LC_NUMERIC
"""
_CHARACTERS = (
    "<code_set_name> ASCII\n<comment_char> %\n<escape_char> /\n<mb_cur_min> 1\n<mb_cur_max> 1\n"
    f"CHARMAP\n{''.join(f'<U{i:04X}> /x{i:02x}{chr(10)}' for i in range(128))}END CHARMAP\n"
)


def make_comma_locale(folder: Path) -> str:
    """Its name, for setlocale in a process whose LOCPATH is ``folder``."""
    (folder / "numeric").write_text(_NUMERIC)
    (folder / "characters").write_text(_CHARACTERS)
    command = ["localedef", "-c", "-f", "./characters", "-i", "./numeric", "./comma"]
    # Status 1 and warnings: the other categories stay those of C.
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if not (folder / "comma" / "LC_NUMERIC").is_file():
        raise RuntimeError(f"localedef of the C library made no locale: {done.stderr}")
    os.environ["LOCPATH"] = str(folder)
    return "comma"
