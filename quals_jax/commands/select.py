"""`quals select`: which summaries to write like (S+), and which not to (S-)."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quals_jax.commands.parser import Parser, number, whole_number
from quals_jax.data.readers import check_input
from quals_jax.data.records import RowKeys

if TYPE_CHECKING:
    from quals_jax.selection import ContrastSets, ScoredDocument, SelectionOptions

_DESCRIPTION = """Chooses the contrast sets that ConSeq trains on.

S- holds the worst sample of each of the documents whose worst sample scores lowest, S+ the
references that score highest; a document must be in both, or else --separate keeps both sets whole.
A text without a score is never chosen.

Rows in:   SAMPLES as `quals generate --num-samples` writes them, REFERENCES as `quals score` reads
           them, SCORES as `quals score` writes them; all about the same ids
Rows out:  {"id": 1, "document": "…", "positive": "…", "negative": "…",
            "positive_score": -0.02, "negative_score": -1.31}
           in the order of SAMPLES; with --separate the text of a set the document is not in is null
OUT.drops.jsonl has {"id", "side", "reason"} of every other document, OUT.statistics.json the
settings, thresholds, means and counts.
"""

_EXAMPLES = """examples:
  quals select samples.jsonl --scores samples.scores.jsonl -o contrast.jsonl \\
      --references train.jsonl --reference-scores train.scores.jsonl
  quals select samples.jsonl --scores samples.scores.jsonl -o negatives.jsonl --negative-ratio 0.1
  quals select s1.jsonl --scores s1.scores.jsonl --pool s2.jsonl s2.scores.jsonl -o contrast.jsonl
  quals select samples.jsonl --references train.jsonl --rule rouge --num-documents 500 -o out.jsonl

All texts are held in memory. Nothing is written unless everything is.
Exit status: 0 good, 1 no document is chosen, 2 bad usage or input.
"""

# Rule: the field of the score files that it reads, and what it is.
RULES = {
    "quals": ("quals", "QUALS"),
    "answer": ("answer", "QUALS of the answers' tokens alone"),
    "f1": ("f1", "agreement of answers from document and summary (quals score --answer-f1)"),
    "rouge": ("quals", "samples with the lowest ROUGE-L to their reference, and that reference"),
    "random": ("quals", "any sample and its reference"),
}
_DRAWN = ("rouge", "random")
_RATIO = 0.3


def add_parser(commands: Any) -> None:
    """Adds `select` to the subcommands."""
    parser = commands.add_parser(
        "select",
        usage="quals select SAMPLES --scores SCORES -o OUT [options]",
        help="choose the summaries to train towards and away from",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    parser.set_defaults(run=run, command="quals select")
    _add_files(parser)
    _add_rule(parser)
    parser.add_argument(
        "--restart", action="store_true", help="replace an OUT that was made from other files"
    )
    parser.add_argument("--quiet", action="store_true", help="print errors only")


def _add_files(parser: Parser) -> None:
    parser.add_argument("samples", metavar="SAMPLES", help="documents and their samples")
    parser.add_argument(
        "-o", "--output", metavar="OUT", type=Path, required=True, help="contrast rows to write"
    )
    files = parser.add_argument_group("files")
    files.add_argument("--scores", metavar="SCORES", help="scores of SAMPLES")
    files.add_argument("--references", metavar="FILE", help="the documents' references")
    files.add_argument("--reference-scores", metavar="SCORES", help="scores of REFERENCES")
    files.add_argument(
        "--pool",
        metavar=("SAMPLES", "SCORES"),
        nargs=2,
        action="append",
        default=[],
        help="another round of samples of the same documents, any number of times: the worst of "
        "all rounds counts, of equals the later one",
    )
    files.add_argument(
        "--summary-key", metavar="NAME", help="field of the reference (default: summary)"
    )
    files.add_argument("--id-key", metavar="NAME", help="field of its id (default: id)")
    files.add_argument(
        "--id",
        choices=("field", "line"),
        default="field",
        help="what names a row of REFERENCES (default: field)",
    )


def _add_rule(parser: Parser) -> None:
    group = parser.add_argument_group("choice")
    texts = "; ".join(f"{name}: {text}" for name, (_, text) in RULES.items())
    group.add_argument(
        "--rule", choices=tuple(RULES), default="quals", help=f"by what: {texts} (default: quals)"
    )
    for side, needs in (("negative", ""), ("positive", ", with --reference-scores")):
        group.add_argument(
            f"--{side}-ratio",
            metavar="R",
            type=number,
            help=f"share of all documents in the {side} set{needs} (default: {_RATIO})",
        )
    group.add_argument("--separate", action="store_true", help="do not intersect the sets")
    group.add_argument(
        "--highest",
        action="store_true",
        help="a control: the best sample and documents in place of the worst",
    )
    group.add_argument(
        "--num-documents",
        metavar="N",
        type=whole_number(1),
        help="size for rouge and random (default: what --rule quals chooses with these options)",
    )
    group.add_argument("--seed", metavar="N", type=whole_number(0), help="for random (default: 0)")


def run(args: argparse.Namespace) -> int:
    """Runs the command; its exit status."""
    _check_usage(args)
    from quals_jax.commands.select_output import claim_output, write_sets
    from quals_jax.selection import SelectionOptions

    options = SelectionOptions(
        negative_ratio=_ratio(args.negative_ratio),
        positive_ratio=_ratio(args.positive_ratio) if args.reference_scores else None,
        separate=args.separate and args.reference_scores is not None,
        highest=args.highest,
    )
    settings = _settings(args, options)
    claim_output(args.output, settings, restart=args.restart)
    sets = _choose(args, _read(args), options)
    write_sets(args.output, sets, settings)
    line = _summary(args.output, sets)
    if not sets.rows:
        print(f"quals select: error: {line}", file=sys.stderr)
        return 1
    if not args.quiet:
        print(line, file=sys.stderr)
    return 0


def _ratio(given: float | None) -> float:
    return _RATIO if given is None else given


def _check_usage(args: argparse.Namespace) -> None:
    drawn, sized = args.rule in _DRAWN, args.num_documents is not None
    if args.scores is None and not (drawn and sized):
        raise ValueError(
            f"--rule {args.rule} needs --scores"
            + (", or its size by --num-documents" if drawn else ", what quals score wrote")
        )
    if drawn and args.references is None:
        raise ValueError(f"--rule {args.rule} needs --references")
    if args.reference_scores and args.references is None:
        raise ValueError("--reference-scores needs --references, the texts that were scored")
    if args.positive_ratio is not None and args.reference_scores is None:
        raise ValueError("--positive-ratio needs --reference-scores")
    if args.separate and args.reference_scores is None and not (args.rule == "random" and sized):
        raise ValueError("--separate needs --reference-scores: which references are in S+?")
    if args.separate and args.rule == "rouge":
        raise ValueError("--rule rouge has no --separate: its S+ are the references of its S-")
    if sized and not drawn:
        raise ValueError(
            "--num-documents is for --rule rouge and --rule random; others have ratios"
        )
    if sized and (args.negative_ratio is not None or args.positive_ratio is not None):
        raise ValueError("--num-documents and ratios exclude each other")
    if args.highest and drawn:
        raise ValueError(f"--highest means nothing for --rule {args.rule}")
    if args.seed is not None and args.rule != "random":
        raise ValueError("--seed is for --rule random; nothing else is drawn")


def _settings(args: argparse.Namespace, options: "SelectionOptions") -> dict[str, object]:
    """What the sets depend on, the files by their content."""
    from quals_jax import __version__
    from quals_jax.jobs.fingerprint import file_sha256

    named = {
        "samples": args.samples,
        "scores": args.scores,
        "references": args.references,
        "reference_scores": args.reference_scores,
    }
    for i, (samples, scores) in enumerate(args.pool, start=2):
        named |= {f"samples_{i}": samples, f"scores_{i}": scores}
    files = {name: check_input(path) for name, path in named.items() if path is not None}
    if args.output.exists() and any(args.output.samefile(path) for path in files.values()):
        raise ValueError(f"{args.output} is both input and output; name another output")
    return {
        "version": __version__,
        "rule": args.rule,
        "negative_ratio": None if args.num_documents else options.negative_ratio,
        "positive_ratio": None if args.num_documents else options.positive_ratio,
        "separate": args.separate,
        "highest": args.highest,
        "num_documents": args.num_documents,
        "seed": (args.seed or 0) if args.rule == "random" else None,
        "reference_field": None if args.references is None else args.summary_key or "summary",
        "reference_id": None if args.id == "line" else args.id_key or "id",
        "sha256": {name: file_sha256(path) for name, path in files.items()},
    }


def _read(args: argparse.Namespace) -> "list[ScoredDocument]":
    from quals_jax.commands.scored_rows import ScoredFiles, read_documents

    keys = RowKeys(
        summary=args.summary_key or "summary",
        id=None if args.id == "line" else args.id_key or "id",
    )
    return read_documents(
        [ScoredFiles(args.samples, args.scores), *(ScoredFiles(*pool) for pool in args.pool)],
        ScoredFiles(args.references, args.reference_scores) if args.references else None,
        score=RULES[args.rule][0],
        reference_keys=keys,
    )


def _choose(
    args: argparse.Namespace, documents: "list[ScoredDocument]", options: "SelectionOptions"
) -> "ContrastSets":
    from quals_jax.selection import select, select_at_random, select_by_rouge

    if args.rule not in _DRAWN:
        return select(documents, options)
    num_negatives = num_positives = args.num_documents
    if num_negatives is None:
        like = select(documents, options).statistics
        num_negatives, num_positives = like["num_negatives"], like["num_positives"]
    if args.rule == "rouge":
        return select_by_rouge(documents, num_negatives)
    return select_at_random(
        documents, num_negatives, num_positives if args.separate else None, seed=args.seed or 0
    )


def _summary(output: Path, sets: "ContrastSets") -> str:
    """For example ``out.jsonl: 25 of 300 documents, S+ 25 (mean -0.02), S- 25 (mean -1.31)``."""
    found, means = sets.statistics, sets.statistics["means"]

    def side(name: str, key: str) -> str:
        mean = means[key]
        return f"{name} {found[f'num_{key}']}" + (f" (mean {mean:.4g})" if mean is not None else "")

    text = f"{output}: {found['num_documents']} of {found['num_input']} documents, "
    text += f"{side('S+', 'positives')}, {side('S-', 'negatives')}"
    drops = ", ".join(f"{reason} {count}" for reason, count in found["drops"].items())
    return f"{text}; dropped: {drops}" if drops else text
