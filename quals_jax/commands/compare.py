"""`quals compare`: two systems under every score, row by row."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quals_jax.commands.meta_eval import (
    add_drawing_arguments,
    add_page_argument,
    check_outputs,
    names_of,
)
from quals_jax.commands.parser import number, whole_number
from quals_jax.text.printable import printable_lines

if TYPE_CHECKING:
    from quals_jax.evaluation.system_comparison import Results

_DESCRIPTION = """Compares the scores of two systems, A and B, row by row.

A and B are what quals evaluate or quals score wrote for the summaries of each system, or any JSONL,
CSV or Parquet with columns of numbers; rows are joined by id. A difference is A less B, so above 0
A is better; 95 % intervals are by paired bootstrap over documents, p is by a two-sided permutation
test that exchanges the systems of a document. Wins, ties and losses are rows where A is better, as
good, worse.

--page writes one page with the rows that differ most, side by side, differing words marked. The
summaries are looked for in A and B; where they are not there, --texts names the two files that were
evaluated. Rows that only one file has are left out and counted; so are rows without a score.
"""

_EXAMPLES = """examples:
  quals compare mle.metrics.jsonl conseq.metrics.jsonl
  quals compare a.jsonl b.jsonl --metrics quals,rouge1 -o compare.json
  quals compare a.scores.jsonl b.scores.jsonl --texts a.jsonl b.jsonl --page compare.html
"""


def add_parser(commands: Any) -> None:
    """Adds `compare` to the subcommands."""
    parser = commands.add_parser(
        "compare",
        usage="quals compare A B [--texts A B] [-o compare.json] [--page compare.html]",
        help="compare two systems row by row",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    parser.set_defaults(run=run, command="quals compare")
    parser.add_argument("a", metavar="A", type=Path, help="scores of the first system")
    parser.add_argument("b", metavar="B", type=Path, help="scores of the second system")
    parser.add_argument(
        "--names", metavar=("A", "B"), nargs=2, help="names of the systems (default: of the files)"
    )
    parser.add_argument(
        "--texts", metavar=("A", "B"), nargs=2, type=Path, help="rows with document and summary"
    )
    parser.add_argument(
        "-o", "--output", metavar="JSON", type=Path, help="all figures and rows, as JSON"
    )
    add_page_argument(parser)
    parser.add_argument(
        "--metrics",
        metavar="NAMES",
        help="scores to compare, separated by commas; the first orders the rows (default: all, "
        "quals first)",
    )
    parser.add_argument(
        "--lower-is-better", metavar="NAMES", help="scores to turn round first (quals_low_share is)"
    )
    parser.add_argument(
        "--rows",
        metavar="N",
        type=whole_number(0),
        default=10,
        help="rows shown on the page for each side (default: 10)",
    )
    for name in ("id", "document", "summary"):
        parser.add_argument(
            f"--{name}-key",
            metavar="NAME",
            default=name,
            help=f"field that holds the {name} (default: {name})",
        )
    statistics = parser.add_argument_group("statistics")
    statistics.add_argument(
        "--tie-within",
        metavar="X",
        type=number,
        default=1e-4,
        help="differences up to this are ties (default: 0.0001)",
    )
    statistics.add_argument(
        "--num-permutations",
        metavar="N",
        type=whole_number(1),
        default=10_000,
        help="random exchanges of the permutation test (default: 10000)",
    )
    add_drawing_arguments(statistics)


def run(args: argparse.Namespace) -> int:
    """Runs the command; its exit status."""
    check_outputs([args.output, args.page], [args.a, args.b, *(args.texts or ())])
    from quals_jax.commands.compare_text import comparison_text
    from quals_jax.jobs.claim import write_json

    if args.tie_within < 0:
        raise ValueError("--tie-within must not be below 0")
    results = _compare(args)
    print(printable_lines(comparison_text(results)))
    if args.output:
        write_json(args.output, results)
        print(f"wrote {args.output}", file=sys.stderr)
    if args.page:
        from quals_jax.report.comparison_report import write_comparison_report

        if told := write_comparison_report(results, args.page, args.rows):
            print(told, file=sys.stderr)
        if not any(text for row in results["rows"] for text in row["summaries"]):
            print("the page has no summaries: --texts names the files with them", file=sys.stderr)
        print(f"wrote {args.page} and {args.page.parent / 'plots'}", file=sys.stderr)
    return 0


def _compare(args: argparse.Namespace) -> "Results":
    from quals_jax.evaluation.paired import PairedOptions
    from quals_jax.evaluation.score_files import read_scores
    from quals_jax.evaluation.system_comparison import compare_systems, read_texts

    paths = (args.a, args.b)
    first, second = (read_scores(path, id_key=args.id_key) for path in paths)
    keys = {"document": args.document_key, "summary": args.summary_key}
    if args.texts:
        of_a, of_b = (read_texts(path, keys, args.id_key) for path in args.texts)
    else:
        of_a, of_b = (
            {
                key: {name: fields[field] for name, field in keys.items() if field in fields}
                for key, fields in file.texts.items()
            }
            for file in (first, second)
        )
    metrics = names_of(args.metrics)
    if not metrics and "quals" in first.columns and "quals" in second.columns:
        shared = [name for name in first.columns if name in second.columns]
        metrics = sorted(shared, key=lambda name: name != "quals")
    results = compare_systems(
        (first, second),
        (of_a, of_b),
        _names(args),
        metrics=metrics,
        lower_is_better=names_of(args.lower_is_better),
        options=PairedOptions(
            args.num_resamples, args.num_permutations, args.tie_within, args.seed
        ),
    )
    results["files"] = {"A": str(args.a), "B": str(args.b)}
    return results


def _names(args: argparse.Namespace) -> tuple[str, str]:
    if args.names:
        return args.names[0], args.names[1]
    first, second = (path.name.split(".", 1)[0] for path in (args.a, args.b))
    return (first, second) if first != second else (str(args.a), str(args.b))
