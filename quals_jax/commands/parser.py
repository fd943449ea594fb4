"""An argument parser that helps: near names for typing errors, examples in every help text."""

import argparse
import difflib
from collections.abc import Callable, Iterable
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """argparse without abbreviations, with "did you mean" and exit status 2 for bad usage."""

    def __init__(self, **options: Any):
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **options)

    def parse_known_args(self, args=None, namespace=None):  # noqa: D102
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            flags = [flag for flag in self._option_string_actions if flag.startswith("--")]
            near = did_you_mean(unknown[0].partition("=")[0], flags)
            self.error(f"unknown argument {unknown[0]}{near}")
        return found, unknown

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            names = [str(choice) for choice in action.choices]
            near = did_you_mean(str(value), names)
            raise argparse.ArgumentError(action, f"{value!r} is none of {', '.join(names)}{near}")

    def error(self, message: str) -> NoReturn:
        """Prints the message and where to find help; exit status 2."""
        self.exit(
            2, f"{self.prog}: error: {message}\n({self.prog} --help explains and has examples)\n"
        )


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """``; did you mean --model?``, or nothing when no name is near."""
    near = difflib.get_close_matches(name, list(names), 2)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def whole_number(least: int) -> Callable[[str], int]:
    """An argument type: a whole number not below ``least``."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(f"expected a whole number >= {least}, got {text!r}")
        return number

    return parse


def number(text: str) -> float:
    """An argument type: a finite number."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number, got {text!r}")
    return value
