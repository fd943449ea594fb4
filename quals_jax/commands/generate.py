"""`quals generate`: summaries of documents, or question-answer pairs of summaries."""

import argparse
from typing import Any

from quals_jax.commands.generated import GeneratedTally, pair_worker, summary_worker
from quals_jax.commands.model import load_model
from quals_jax.commands.parser import Parser, number, whole_number
from quals_jax.commands.rows import RESUME_HELP, add_row_arguments, run_rows
from quals_jax.jobs.row_job import Worker

_DESCRIPTION = """Writes summaries of documents, or question-answer pairs about summaries.

--task summary   rows in {"id": 1, "document": "…"}, rows out as `quals score` reads them:
                 {"id": 1, "document": "…", "summary": "…", "log_prob": -0.4}, or with --num-samples
                 {"id": 1, "document": "…", "summaries": ["…", …], "log_probs": [-0.4, …]}
--task qa        rows in {"id": 1, "summary": "…"} or {"id": 1, "summaries": ["…", …]}, rows out
                 {"id": 1, "summary": "…", "pairs": [{"question": "…", "answer": "…",
                                                      "log_prob": -0.2}, …]}
log_prob is the mean over the tokens, in nats.
"""

_EXAMPLES = """examples:
  quals generate docs.jsonl -o summaries.jsonl --model models/bart --num-beams 6
  quals generate docs.jsonl -o candidates.jsonl --model models/bart --num-samples 6 --top-k 50
  quals generate summaries.jsonl -o pairs.jsonl --model models/qagen --task qa
"""

# Per task: the options that it has, with their defaults.
SUMMARY_OPTIONS: dict[str, Any] = {
    "num_beams": 6,
    "num_samples": None,
    "top_k": None,
    "top_p": None,
    "min_tokens": 10,
    "max_tokens": 60,
    "length_penalty": 1.0,
    "no_repeat_ngram_size": 3,
    "seed": 0,
}
PAIR_OPTIONS: dict[str, Any] = {
    "num_beams": 60,
    "num_pairs": 10,
    "diversity_strength": 0.5,
    "min_tokens": 8,
    "max_tokens": 60,
}


def add_parser(commands: Any) -> None:
    """Adds `generate` to the subcommands."""
    parser = commands.add_parser(
        "generate",
        usage="quals generate IN -o OUT --model DIR [--task summary|qa] [options]",
        help="write summaries, or question-answer pairs",
        description=_DESCRIPTION,
        epilog=_EXAMPLES + RESUME_HELP,
    )
    parser.set_defaults(run=run, command="quals generate")
    add_row_arguments(parser, ("document", "summary", "summaries"))
    _add_search_arguments(parser)


def _add_search_arguments(parser: Parser) -> None:
    group = parser.add_argument_group("search")
    group.add_argument("--task", choices=("summary", "qa"), default="summary")
    group.add_argument(
        "--dtype",
        choices=("float32", "bfloat16"),
        default="float32",
        help="of matrix products (default: float32)",
    )
    positive = whole_number(1)

    def option(name: str, metavar: str, parse: Any, text: str) -> None:
        group.add_argument(f"--{name}", metavar=metavar, type=parse, help=text)

    option("num-beams", "N", positive, "beams (default: 6; qa: 60, one group each)")
    option("num-samples", "N", positive, "draw so many summaries instead of searching the best one")
    option("top-k", "K", positive, "draw from the K most probable tokens (with --num-samples)")
    option(
        "top-p", "P", number, "draw from the tokens that reach probability P (with --num-samples)"
    )
    option("min-tokens", "N", whole_number(0), "fewest tokens before the end (default: 10; qa: 8)")
    option("max-tokens", "N", positive, "most tokens before the end (default: 60)")
    option("length-penalty", "X", number, "exponent of the length in the score (default: 1)")
    option("no-repeat-ngram-size", "N", whole_number(0), "0 = repetition allowed (default: 3)")
    option(
        "seed",
        "N",
        whole_number(0),
        "of the samples (default: 0); a row's draws depend on its id and this alone",
    )
    option("num-pairs", "N", positive, "pairs kept per summary (qa; default: 10)")
    option(
        "diversity-strength", "X", number, "penalty for tokens of other beams (qa; default: 0.5)"
    )


def run(args: argparse.Namespace) -> int:
    """Runs the command; its exit status."""
    if args.task == "qa":
        if args.document_key:
            raise ValueError("--task qa reads summaries only: no --document-key")
        del args.document_key
        columns = ("id", "summary", "pairs")
    else:
        if args.summary_key or args.summaries_key:
            raise ValueError(
                "--task summary reads documents only: no --summary-key, --summaries-key"
            )
        del args.summary_key, args.summaries_key
        columns = ("id", "document", "summary", "log_prob")
    options = task_options(args)

    def load_worker() -> Worker:
        model = load_model(args.model, args.dtype, quiet=args.quiet)
        return (pair_worker if args.task == "qa" else summary_worker)(model, **options)

    settings = options | {"task": args.task, "dtype": args.dtype}
    return run_rows(args, settings, load_worker, GeneratedTally(), columns)


def task_options(args: argparse.Namespace) -> dict[str, Any]:
    """The options of the task, defaults filled in; ValueError for those it does not have."""
    defaults = PAIR_OPTIONS if args.task == "qa" else SUMMARY_OPTIONS
    given = {
        name: value
        for name in SUMMARY_OPTIONS | PAIR_OPTIONS
        if (value := getattr(args, name)) is not None
    }
    for name in given.keys() - defaults.keys():
        raise ValueError(f"--{name.replace('_', '-')} means nothing for --task {args.task}")
    options = defaults | given
    if args.task == "summary":
        sampling = [name for name in ("top_k", "top_p", "seed") if name in given]
        if sampling and "num_samples" not in given:
            raise ValueError(f"--{sampling[0].replace('_', '-')} needs --num-samples")
        if "num_samples" in given and "num_beams" in given:
            raise ValueError("--num-beams and --num-samples exclude each other")
        if "top_k" in given and "top_p" in given:
            raise ValueError("--top-k and --top-p exclude each other")
    return options
