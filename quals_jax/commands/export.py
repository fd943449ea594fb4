"""`quals export`: a checked copy of a model folder, for transformers or the hub."""

import argparse
import sys
from pathlib import Path
from typing import Any

_DESCRIPTION = """Writes a checked copy of a model folder.

PyTorch's transformers reads it (BartForConditionalGeneration.from_pretrained), and it can be
uploaded as it is. Every weight keeps its value and is written as float32 (the file of a 16-bit
model grows, and the sha256 in the signature changes), or is rounded to bfloat16, half as large.
"""

_EXAMPLES = """example:
  quals export runs/qagen/best -o to_upload/qagen
"""


def add_parser(commands: Any) -> None:
    """Adds `export` to the subcommands."""
    parser = commands.add_parser(
        "export",
        usage="quals export MODEL_DIR -o DIR [--weights bfloat16]",
        help="write a model folder for PyTorch's transformers",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    parser.set_defaults(run=run, command="quals export")
    parser.add_argument("model", metavar="MODEL_DIR", type=Path, help="a model folder")
    parser.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        type=Path,
        required=True,
        help="folder to write; a model folder there is replaced, nothing else is",
    )
    parser.add_argument(
        "--weights",
        choices=("float32", "bfloat16"),
        default="float32",
        help="type of the numbers in the file (default: float32)",
    )


def run(args: argparse.Namespace) -> int:
    """Runs the command; its exit status."""
    from quals_jax.checkpoints.convert import export_model

    folder = export_model(args.model, args.output, args.weights)
    print(f"exported to {folder}", file=sys.stderr)
    return 0
