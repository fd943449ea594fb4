"""`quals score`: is every fact of a summary supported by its document?"""

import argparse
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from quals_jax.checkpoints.open_qagen import OPEN_QAGEN
from quals_jax.commands.model import load_model
from quals_jax.commands.parser import number, whole_number
from quals_jax.commands.rows import RESUME_HELP, add_row_arguments, run_rows
from quals_jax.data.records import SummaryRow
from quals_jax.jobs.row_job import Report, Worker

if TYPE_CHECKING:
    from quals_jax.metrics.quals import Quals
    from quals_jax.metrics.quals_result import QualsResult

_DESCRIPTION = """Scores summaries against their documents by QUALS.

A model writes questions and answers about the summary; a pair that is much less probable given the
document than given the summary points at a fact the document does not support. QUALS is the mean
difference in nats per token: near 0 or above = supported, far below 0 = not.

Rows in:   {"id": 1, "document": "…", "summary": "…"}
           or {"id": 1, "document": "…", "summaries": ["…", "…"]}
Rows out:  {"id": 1, "quals": -0.31, "answer": -0.4, "low_share": 0.2, "min": -1.7, "num_pairs": 10,
            "pairs": [{"question": "…", "answer": "…", "score": -1.7, …}, …], "reason": null}
           or {"id": 1, "scores": [one such object per summary]}
           With --answer-f1 also "f1": 0.8, and "answer_f1" and "document_answer" of each pair.
A summary that cannot be scored has "quals": null and a reason (empty_summary, empty_document,
no_questions).
"""

_EXAMPLES = """examples:
  quals score summaries.jsonl -o scores.jsonl
  quals score summaries.jsonl -o scores.jsonl --model models/qagen
  quals score xsum.csv.gz -o scores.csv --model models/qagen --document-key article --id line
  quals score rows.jsonl -o explained.jsonl --model models/qagen --explain
  quals generate docs.jsonl --model models/bart | quals score - -o scores.jsonl --model models/qagen
"""

COLUMNS = ("id", "quals", "answer", "low_share", "min", "num_pairs", "pairs", "reason")

# Fields of QualsOptions: default (QualsOptions has the same, a test compares), type, help.
OPTIONS = {
    "num_beams": (60, whole_number(1), "pairs generated per summary, one beam group each"),
    "num_pairs": (10, whole_number(1), "pairs kept and scored per summary"),
    "diversity_strength": (0.5, number, "penalty for tokens of other beams, nats"),
    "min_question_tokens": (8, whole_number(0), "fewest tokens of a pair"),
    "max_pair_tokens": (60, whole_number(1), "most tokens of a pair"),
    "low_threshold": (-0.5, number, "pairs below count as low in low_share, nats per token"),
    "max_document_tokens": (16384, whole_number(1), "longer documents are cut (truncated_tokens)"),
}


def add_parser(commands: Any) -> None:
    """Adds `score` to the subcommands."""
    parser = commands.add_parser(
        "score",
        usage="quals score IN -o OUT [--model DIR] [options]",
        help="score summaries against their documents",
        description=_DESCRIPTION,
        epilog=_EXAMPLES + RESUME_HELP,
    )
    parser.set_defaults(run=run, command="quals score")
    add_row_arguments(parser, ("document", "summary", "summaries"), default_model=OPEN_QAGEN)
    metric = parser.add_argument_group("metric")
    metric.add_argument(
        "--mode",
        choices=("clean", "paper"),
        default="clean",
        help="clean: plain log-probabilities on both sides, long documents in windows; paper: what "
        "the official code computes (default: clean)",
    )
    metric.add_argument(
        "--explain", action="store_true", help="add every token's log-probabilities to the pairs"
    )
    metric.add_argument(
        "--dtype",
        choices=("float32", "bfloat16"),
        default="float32",
        help="of matrix products (default: float32; bfloat16 is faster on accelerators)",
    )
    metric.add_argument(
        "--answer-f1",
        action="store_true",
        help='answer the pairs\' questions from the document and add "f1", the agreement of these '
        "answers (after QAGS)",
    )
    metric.add_argument(
        "--f1-against",
        choices=("pair", "summary"),
        help="agreement with what: the pairs' own answers, or answers from the summary (default: "
        "pair; with --answer-f1)",
    )
    for name, (default, parse, text) in OPTIONS.items():
        metric.add_argument(
            f"--{name.replace('_', '-')}",
            metavar="N" if isinstance(default, int) else "X",
            type=parse,
            default=default,
            help=f"{text} (default: {default})",
        )


def run(args: argparse.Namespace) -> int:
    """Runs the command; its exit status."""
    options = {name: getattr(args, name) for name in ("mode", *OPTIONS)}
    if args.answer_f1:
        options["answer_f1"] = args.f1_against or "pair"
    elif args.f1_against:
        raise ValueError("--f1-against needs --answer-f1")
    settings = options | {"explain": args.explain, "dtype": args.dtype}

    def load_worker() -> Worker:
        from quals_jax.metrics.quals import Quals, QualsOptions

        model = load_model(args.model, args.dtype, quiet=args.quiet)
        metric = Quals(model, QualsOptions(num_groups=args.num_beams, **options))
        return quals_worker(metric, explain=args.explain)

    return run_rows(args, settings, load_worker, ScoreTally(), COLUMNS)


def quals_worker(metric: "Quals", *, explain: bool = False) -> Worker:
    """Scores rows; each document is read once for all of its summaries."""

    def process(rows: list[SummaryRow], report: Report) -> list[dict[str, Any]]:
        rows_per_summary = len(rows) / max(1, sum(len(row.summaries) for row in rows))
        results = metric.score_grouped(
            [row.document for row in rows],
            [row.summaries for row in rows],
            lambda done: report(done * rows_per_summary),
        )
        shown = {"explain": explain, "answer_f1": metric.options.answer_f1 is not None}
        return [_output_row(row, group, shown) for row, group in zip(rows, results, strict=True)]

    return Worker(process, metric.signature)


def _output_row(
    row: SummaryRow, results: "list[QualsResult]", shown: Mapping[str, bool]
) -> dict[str, Any]:
    scores = [result.to_row(**shown) for result in results]
    if row.single:
        return scores[0]
    failed = next((score for score in scores if score.get("status") == "error"), None)
    status = {key: failed[key] for key in ("status", "code", "message")} if failed else {}
    return {"scores": scores} | status


class ScoreTally:
    """Mean score, and how many summaries have none for which reason."""

    def __init__(self):
        self._sum = self._f1_sum = 0.0
        self._scored = self._all = self._truncated = self._with_f1 = 0
        self._reasons: Counter[str] = Counter()

    def add(self, row: Mapping[str, Any]) -> None:
        """Takes an output row."""
        for score in row.get("scores", [row]):
            self._all += 1
            self._truncated += score.get("truncated_tokens", 0) > 0
            if score.get("quals") is not None:
                self._scored += 1
                self._sum += score["quals"]
                if score.get("f1") is not None:
                    self._with_f1 += 1
                    self._f1_sum += score["f1"]
            elif score.get("status") != "error":
                self._reasons[score["reason"]] += 1

    def line(self) -> str:
        """For example ``mean QUALS -0.4312, 470 of 474 summaries scored (no_questions 4)``."""
        mean = f"{self._sum / self._scored:.4f}" if self._scored else "undefined"
        if self._with_f1:
            mean += f", mean F1 {self._f1_sum / self._with_f1:.4f}"
        text = f"mean QUALS {mean}, {self._scored} of {self._all} summaries scored"
        if self._reasons:
            reasons = sorted(self._reasons.items())
            text += f" ({', '.join(f'{reason} {count}' for reason, count in reasons)})"
        if self._truncated:
            text += f"; {self._truncated} with texts cut at the limit (truncated_tokens)"
        return text
