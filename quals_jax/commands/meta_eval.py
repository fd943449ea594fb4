"""`quals meta-eval`: how far scores agree with what people said."""

import argparse
import sys
from pathlib import Path
from typing import Any

from quals_jax.commands.parser import Parser, number, whole_number
from quals_jax.text.printable import printable_lines

_DESCRIPTION = """Compares scores of summaries with human judgements.

Rows are joined by id. SCORES is what quals evaluate or quals score wrote, or any JSONL, CSV or
Parquet with columns of numbers (see --metrics); a higher score must mean better. A human row is
  {"id": 1, "document": "…", "summary": "…", "human": 0.67, "system": "bart"}
where system is optional, and without document and summary there are no n-gram floors.
python -m experiments.prepare_data qags makes such rows of the QAGS judgements.

Per score, overall and per system: Pearson, Spearman and Kendall (tau-b) correlation; AUROC and
balanced accuracy of telling consistent summaries (human >= --consistent-from) from others, the
threshold chosen on one part of the documents and tested on the other; and what is left of Pearson's
r when n-gram overlap with the document (and system) is accounted for. 95 % intervals by bootstrap
over documents, differences of correlations by paired bootstrap. The n-gram precisions stand beside
every score: copying alone correlates with people, and a score not above it has measured copying.

A row without a score is left out of that score's figures and counted. A correlation that these
rows do not have (all scores are the same, …) is null, with the reason.
"""

_EXAMPLES = """examples:
  quals meta-eval metrics.jsonl --human human.jsonl
  quals meta-eval metrics.jsonl scores.jsonl --human human.jsonl -o meta.json --page meta.html
  quals meta-eval rows.csv --human rows.csv --human-key rating --consistent-from 4 --metrics bleurt
"""


def add_parser(commands: Any) -> None:
    """Adds `meta-eval` to the subcommands."""
    parser = commands.add_parser(
        "meta-eval",
        usage="quals meta-eval SCORES [SCORES …] --human FILE [-o meta.json] [--page meta.html]",
        help="compare scores with human judgements",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    parser.set_defaults(run=run, command="quals meta-eval")
    parser.add_argument(
        "scores", metavar="SCORES", nargs="+", type=Path, help="files of scores, joined by id"
    )
    parser.add_argument(
        "--human",
        metavar="FILE",
        action="append",
        type=Path,
        required=True,
        help="rows with human judgements; may be given several times",
    )
    parser.add_argument("-o", "--output", metavar="JSON", type=Path, help="all figures, as JSON")
    add_page_argument(parser)
    parser.add_argument(
        "--metrics", metavar="NAMES", help="scores to look at, separated by commas (default: all)"
    )
    parser.add_argument(
        "--lower-is-better", metavar="NAMES", help="scores to turn round first (quals_low_share is)"
    )
    for name in ("human", "id", "document", "summary", "system"):
        parser.add_argument(
            f"--{name}-key",
            metavar="NAME",
            default=name,
            help=f"field that holds the {_MEANINGS.get(name, name)} (default: {name})",
        )
    statistics = parser.add_argument_group("statistics")
    statistics.add_argument(
        "--consistent-from",
        metavar="X",
        type=number,
        default=1.0,
        help="a summary judged X or better counts as consistent (default: 1, every sentence)",
    )
    statistics.add_argument(
        "--validation-share",
        metavar="X",
        type=_share,
        default=0.5,
        help="share of the documents that choose the threshold (default: 0.5)",
    )
    add_drawing_arguments(statistics)


_MEANINGS = {"human": "judgement", "system": "name of the system that wrote the summary"}


def add_page_argument(parser: Parser) -> None:
    """The page to write."""
    parser.add_argument(
        "--page",
        metavar="HTML",
        type=Path,
        help="one page that needs no network; its plots go to the folder plots beside it (PNG "
        "needs matplotlib: pip install 'quals-jax[report]')",
    )


def add_drawing_arguments(group: Any) -> None:
    """How resamples are drawn."""
    group.add_argument(
        "--num-resamples",
        metavar="N",
        type=whole_number(1),
        default=1000,
        help="bootstrap resamples (default: 1000)",
    )
    group.add_argument(
        "--seed", metavar="N", type=whole_number(0), default=0, help="of all draws (default: 0)"
    )


def names_of(text: str | None) -> list[str]:
    """The names in a list separated by commas."""
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def check_outputs(outputs: list[Path | None], inputs: list[Path]) -> None:
    """ValueError or FileNotFoundError where an output cannot be written or is an input."""
    from quals_jax.data.readers import check_input

    for path in inputs:
        check_input(path)
    for output in filter(None, outputs):
        if output.is_dir():
            raise ValueError(f"the output {output} is a folder; a file is expected")
        if output.exists() and any(output.samefile(path) for path in inputs):
            raise ValueError(f"{output} is both input and output; name another output")
        output.parent.mkdir(parents=True, exist_ok=True)


def run(args: argparse.Namespace) -> int:
    """Runs the command; its exit status."""
    check_outputs([args.output, args.page], [*args.scores, *args.human])
    from quals_jax.commands.meta_eval_text import meta_eval_text
    from quals_jax.evaluation.judgements import Keys, aligned, read_judgements
    from quals_jax.evaluation.meta_eval import MetaOptions, meta_evaluate
    from quals_jax.evaluation.score_files import (
        LOWER_IS_BETTER,
        choose_scores,
        merge_scores,
        read_scores,
    )
    from quals_jax.jobs.claim import write_json

    keys = Keys(args.human_key, args.id_key, args.document_key, args.summary_key, args.system_key)
    judged = read_judgements(args.human, keys)
    if not judged.ids:
        raise ValueError(f"{args.human[0]}: no row has a judgement in '{keys.human}'")
    files = [read_scores(path, id_key=keys.id, skip=[keys.human]) for path in args.scores]
    scores = merge_scores(files)
    turned = names_of(args.lower_is_better)
    choose_scores(scores, turned)
    if args.metrics is not None:
        scores = choose_scores(scores, names_of(args.metrics))
    is_turned = {n for n in scores if n in turned or n.split(":")[-1] in LOWER_IS_BETTER}
    options = MetaOptions(
        args.consistent_from, args.validation_share, args.num_resamples, args.seed
    )
    results = meta_evaluate(judged, aligned(judged, scores), options, frozenset(is_turned))
    results["files"] = {
        "human": list(map(str, args.human)),
        "scores": list(map(str, args.scores)),
    }
    known = {key for file in files for key in file.ids}
    results["num_scored_not_judged"] = len(known - set(judged.ids))
    results["num_judged_not_scored"] = len(set(judged.ids) - known)
    print(printable_lines(meta_eval_text(results)))
    if args.output:
        write_json(args.output, results)
        _say(f"wrote {args.output}")
    if args.page:
        from quals_jax.report.meta_eval_report import write_meta_eval_report

        _say(write_meta_eval_report(results, args.page))
        _say(f"wrote {args.page} and {args.page.parent / 'plots'}")
    return 0


def _share(text: str) -> float:
    value = number(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"expected a number between 0 and 1, got {text!r}")
    return value


def _say(text: str | None) -> None:
    if text:
        print(text, file=sys.stderr)
