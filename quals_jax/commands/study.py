"""`quals study`: people compare two systems; make the page, report on the answers."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quals_jax.commands.parser import Parser, whole_number

if TYPE_CHECKING:
    from quals_jax.evaluation.human_study import Study

_DESCRIPTION = """Asks people which of two systems writes better summaries.

  quals study make     draws documents, writes the page on which people answer, and the key
  quals study report   turns their answers into figures, tests and a plot
"""

_EXAMPLES = """examples:
  quals study make mle.jsonl conseq.jsonl -o study/ --annotators 3
  quals study report study/study.json answers-*.json -o study/report.html
"""

_MAKE = """Draws documents that both systems have summarized and makes the page to judge them on.

Rows in:  {"id": 1, "document": "…", "summary": "…"} of each system, as `quals generate` writes
          them. Rows with the same id (and dataset, where rows have one) belong together.
Writes    STUDY/annotate.html  the page, for the annotators: one file, works offline by double
                               click, saves in the browser, exports answers-….json
          STUDY/study.json     the key: which system wrote what. Keep it; annotators must not see it

Every annotator judges every document by three questions (factual consistency, informativeness,
grammar), blind: the order of the documents is drawn per annotator, and per document which system
is shown first, each of them for half of the documents of a data set.
"""

_MAKE_EXAMPLES = """examples:
  quals study make mle.jsonl conseq.jsonl -o study/
  quals study make mle.jsonl conseq.jsonl -o study/ --names MLE ConSeq --annotators 3
  quals study make a.csv b.csv -o pilot/ --num-documents 10 --seed 2 --distinct

The same files, options and seed make the same study. A folder with another study is never
overwritten: answers are worth nothing without their key.
Exit status: 0 good, 1 failure, 2 bad usage or input.
"""

_REPORT = """Reports what the annotators of a study found.

Takes the key and one file of answers per annotator, as the page's Download button writes them;
refuses files of another study, a second file of an annotator, damaged and incomplete ones.
Writes    REPORT.html          wins, ties and losses per question and data set, by majority and
                               in all; sign test, bootstrap intervals, Krippendorff's alpha, plot
          REPORT.json          the same figures
          plots/human_study*   the plot as SVG, and PNG with matplotlib ('quals-jax[report]')
"""

_REPORT_EXAMPLES = """examples:
  quals study report study/study.json answers-*.json -o study/report.html
  quals study report study/study.json answers-*-1.json -o so-far.html --allow-missing

Exit status: 0 good, 1 failure, 2 bad usage or input.
"""


def add_parser(commands: Any) -> None:
    """Adds `study` to the subcommands."""
    parser = commands.add_parser(
        "study",
        usage="quals study make|report …",
        help="let people compare two systems",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    steps = parser.add_subparsers(title="steps", metavar="STEP", dest="step", parser_class=Parser)
    steps.required = True
    _add_make(steps)
    _add_report(steps)


def _add_make(steps: Any) -> None:
    parser = steps.add_parser(
        "make",
        usage="quals study make A B -o STUDY [options]",
        help="make the page and the key of a study",
        description=_MAKE,
        epilog=_MAKE_EXAMPLES,
    )
    parser.set_defaults(run=run_make, command="quals study make")
    parser.add_argument("first", metavar="A", type=Path, help="rows of the first system")
    parser.add_argument("second", metavar="B", type=Path, help="rows of the second system")
    parser.add_argument(
        "-o", "--output", metavar="STUDY", type=Path, required=True, help="folder to write"
    )
    parser.add_argument(
        "--names",
        metavar=("A", "B"),
        nargs=2,
        help="what the report calls the systems (default: the files' names)",
    )
    group = parser.add_argument_group("study")
    group.add_argument(
        "--num-documents",
        metavar="N",
        type=whole_number(1),
        default=100,
        help="of each data set (default: 100)",
    )
    group.add_argument(
        "--annotators",
        metavar="N",
        type=whole_number(1),
        default=3,
        help="people who judge; each sees all documents (default: 3)",
    )
    group.add_argument(
        "--seed", metavar="N", type=whole_number(0), default=1, help="of all draws (default: 1)"
    )
    group.add_argument(
        "--distinct",
        action="store_true",
        help="leave out documents of which both summaries are the same",
    )
    rows = parser.add_argument_group("rows")
    for name in ("document", "summary", "dataset", "id"):
        rows.add_argument(
            f"--{name}-key",
            metavar="NAME",
            default=name,
            help=f"field that holds the {name} (default: {name})",
        )
    rows.add_argument(
        "--id",
        choices=("field", "line"),
        default="field",
        help="what names a row: its id field, or its line number (default: field)",
    )


def _add_report(steps: Any) -> None:
    parser = steps.add_parser(
        "report",
        usage="quals study report STUDY.json ANSWERS.json … -o REPORT.html [options]",
        help="report on the answers of a study",
        description=_REPORT,
        epilog=_REPORT_EXAMPLES,
    )
    parser.set_defaults(run=run_report, command="quals study report")
    parser.add_argument("study", metavar="STUDY.json", type=Path, help="key of the study")
    parser.add_argument(
        "answers", metavar="ANSWERS.json", type=Path, nargs="+", help="a file of each annotator"
    )
    parser.add_argument(
        "-o", "--output", metavar="REPORT.html", type=Path, required=True, help="page to write"
    )
    parser.add_argument(
        "--allow-missing", action="store_true", help="report on the answers that are there"
    )


def run_make(args: argparse.Namespace) -> int:
    """Runs `quals study make`; its exit status."""
    from quals_jax.commands.study_rows import PairKeys, read_pairs
    from quals_jax.evaluation.human_study import draw_study

    keys = PairKeys(
        document=args.document_key,
        summary=args.summary_key,
        dataset=args.dataset_key,
        id=None if args.id == "line" else args.id_key,
    )
    documents, told = read_pairs((args.first, args.second), keys)
    study = draw_study(
        documents,
        tuple(args.names) if args.names else _names(args.first, args.second),
        num_documents=args.num_documents,
        num_annotators=args.annotators,
        seed=args.seed,
        distinct=args.distinct,
    )
    _write_study(args.output, study)
    for line in told + _drawn(study, args.num_documents):
        print(line, file=sys.stderr)
    page, key, report = (
        args.output / name for name in ("annotate.html", "study.json", "report.html")
    )
    print(
        f"wrote {page}, which is for the annotators, and {key}, which is not: it tells which "
        "system wrote what.\nWhen they have sent their answers:\n"
        f"  quals study report {key} answers-{study['study']}-*.json -o {report}",
        file=sys.stderr,
    )
    return 0


def _names(first: Path, second: Path) -> tuple[str, str]:
    """The files' names without their suffixes; with their folders where they are the same."""
    names = [path.name.split(".")[0] or path.name for path in (first, second)]
    if names[0] == names[1]:
        names = [path.name for path in (first, second)]
    if names[0] == names[1]:
        names = [f"{path.resolve().parent.name}/{path.name}" for path in (first, second)]
    return names[0], names[1]


def _write_study(folder: Path, study: "Study") -> None:
    """Page and key, each whole or not at all. A folder with another study is refused."""
    from quals_jax.data.json_file import read_json
    from quals_jax.data.writers import atomic_file
    from quals_jax.jobs.claim import write_json
    from quals_jax.report.annotation_page import annotation_page

    key = folder / "study.json"
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file; a folder is expected")
    if key.exists():
        there = read_json(key)
        known = there.get("study") if isinstance(there, dict) else None
        if known != study["study"]:
            raise FileExistsError(
                f"{folder} holds the key of another study ({known}); write to another folder, for "
                "without their key answers are worth nothing"
            )
    folder.mkdir(parents=True, exist_ok=True)
    write_json(key, study)
    with atomic_file(folder / "annotate.html") as file:
        file.write(annotation_page(study).encode())


def _drawn(study: "Study", wanted: int) -> list[str]:
    """Per data set a line: what was drawn from what."""
    lines = []
    for dataset in study["datasets"]:
        count = sum(item["dataset"] == dataset["name"] for item in study["items"])
        name = f"{dataset['name']}: " if dataset["name"] else ""
        line = f"{name}{count} documents drawn of {dataset['num_shared']}"
        line += f", fewer than the {wanted} asked for" if count < wanted else ""
        if dataset["num_identical"]:
            what = "left out" if study["distinct"] else "--distinct leaves them out"
            line += f"; {dataset['num_identical']} have the same summary twice ({what})"
        lines.append(line)
    return lines


def _check_output(output: Path, inputs: list[Path]) -> None:
    """ValueError where writing the page or its figures would overwrite what they are made from."""
    if output.suffix not in (".html", ".htm"):
        raise ValueError(f"{output} is to be a page: give it a name that ends in .html")
    figures = output.with_suffix(".json")
    if figures.exists() and any(path.exists() and figures.samefile(path) for path in inputs):
        raise ValueError(
            f"the figures of {output} would be written to {figures}, which is an input; choose "
            "another name"
        )


def run_report(args: argparse.Namespace) -> int:
    """Runs `quals study report`; its exit status."""
    from quals_jax.data.json_file import read_json
    from quals_jax.evaluation.human_answers import check_answers
    from quals_jax.evaluation.human_study import check_study
    from quals_jax.report.study_report import write_study_report

    _check_output(args.output, [args.study, *args.answers])
    try:
        study = check_study(read_json(args.study))
    except ValueError as error:
        named = str(args.study) in str(error)
        raise error if named else ValueError(f"{args.study}: {error}") from error
    files = [(str(path), read_json(path)) for path in args.answers]
    answers = check_answers(study, files, allow_missing=args.allow_missing)
    if told := write_study_report(study, answers, args.output):
        print(told, file=sys.stderr)
    print(
        f"wrote {args.output}, {args.output.with_suffix('.json')} and "
        f"{args.output.parent / 'plots'}",
        file=sys.stderr,
    )
    return 0
