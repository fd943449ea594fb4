"""`quals convert`: a checkpoint of fairseq or Hugging Face becomes a model folder."""

import argparse
import sys
from pathlib import Path
from typing import Any

from quals_jax.commands.parser import whole_number

_DESCRIPTION = """Makes a model folder from a fairseq .pt file or a Hugging Face BART folder.

A .pt file is read without executing anything in it. The tokenizer files (vocab.json + merges.txt,
tokenizer.json, or fairseq's dict.txt + encoder.json + vocab.bpe) are looked for beside the weights.
"""

_EXAMPLES = """examples:
  quals convert qagen/checkpoint_best.pt -o models/qagen --tokenizer gpt2_bpe --separator-id 50259
  quals convert facebook/bart-large-xsum -o models/bart-xsum     (a folder you have downloaded)
"""


def add_parser(commands: Any) -> None:
    """Adds `convert` to the subcommands."""
    parser = commands.add_parser(
        "convert",
        usage="quals convert CHECKPOINT -o MODEL_DIR [options]",
        help="make a model folder from a fairseq or Hugging Face checkpoint",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    parser.set_defaults(run=run, command="quals convert")
    parser.add_argument("checkpoint", metavar="CHECKPOINT", type=Path, help=".pt file or folder")
    parser.add_argument(
        "-o",
        "--output",
        metavar="MODEL_DIR",
        type=Path,
        required=True,
        help="folder to write; a model folder there is replaced, nothing else is",
    )
    parser.add_argument(
        "--tokenizer", metavar="DIR", type=Path, help="folder of the tokenizer files"
    )
    parser.add_argument("--dictionary", metavar="FILE", type=Path, help="fairseq's dict.txt")
    parser.add_argument(
        "--separator-id",
        metavar="N",
        type=whole_number(0),
        help="token between question and answer (default: the tokenizer's own; the "
        "official QAGen has 50259)",
    )
    parser.add_argument(
        "--add-bos",
        action=argparse.BooleanOptionalAction,
        help="sources begin with <s> (default: no for fairseq, yes for Hugging Face)",
    )
    parser.add_argument(
        "--max-source-tokens",
        metavar="N",
        type=whole_number(1),
        default=0,
        help="limit of a source (default: what the model's positions allow)",
    )
    parser.add_argument(
        "--training-data",
        metavar="TEXT",
        default="",
        help="a sentence on what it was trained on, for the model card",
    )
    parser.add_argument("--sha256", metavar="HEX", help="expected hash of the checkpoint's weights")


def run(args: argparse.Namespace) -> int:
    """Runs the command; its exit status."""
    from quals_jax.checkpoints.convert import convert_checkpoint

    done = convert_checkpoint(
        args.checkpoint,
        args.output,
        tokenizer=args.tokenizer,
        dictionary=args.dictionary,
        separator_id=args.separator_id,
        add_bos=args.add_bos,
        max_source_tokens=args.max_source_tokens,
        training_data=args.training_data,
        sha256=args.sha256,
    )
    for note in done.notes:
        print(f"note: {note}", file=sys.stderr)
    config = done.config
    print(
        f"{done.folder}: {config.encoder_layers}+{config.decoder_layers} layers, "
        f"d_model {config.d_model}, {config.vocab_size:,} tokens, separator "
        f"{done.settings.separator_id}, weights {done.settings.weights_sha256[:8]}",
        file=sys.stderr,
    )
    return 0
