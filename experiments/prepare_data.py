"""Prepares local copies of public data sets for training, without TensorFlow or a network.

    python -m experiments.prepare_data xsum --from DIR --data-dir tfds
    python -m experiments.prepare_data cnn_dailymail --from DIR --data-dir tfds --corruption-level 2
    python -m experiments.prepare_data squad --from DIR --data-dir tfds
    python -m experiments.prepare_data rows tfds:xsum/level1:test:tfds -o xsum.test.jsonl.gz
    python -m experiments.prepare_data qags --from mturk_cnndm.jsonl -o human.jsonl
    python -m experiments.prepare_data claims rows:articles.jsonl.xz -o claims.jsonl.gz
    python -m experiments.prepare_data texts rows:articles.jsonl.xz -o texts.jsonl.gz

Then `python -m train xsum_mle --data.train tfds:xsum/level1:train:tfds --workdir ...`.

DIR holds the official files. XSum: ID.data or ID.summary files or their tar archive, and
XSum-TRAINING-DEV-TEST-SPLIT-90-5-5.json. CNN/DailyMail: cnn/stories and dailymail/stories or
cnn_stories.tgz and dailymail_stories.tgz, and all_train.txt, all_val.txt, all_test.txt. SQuAD:
train-v1.1.json, dev-v1.1.json. For the first two also train, validation and test rows (.jsonl,
.csv, .parquet; .gz, .xz) with document or article, summary or highlights, and id. QAGS: what
people judged (github.com/W4ngatang/qags, folder data).
"""

import dataclasses
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Annotated, Literal

import tyro

from experiments.claims import Claims, write_claims
from experiments.texts import Texts, read_texts, write_texts
from quals_jax.data.cnn_dailymail import cnn_dailymail_splits
from quals_jax.data.corruption import Story
from quals_jax.data.entity_analysis import SPACY_MODEL, EntityKind, entity_analyser
from quals_jax.data.preparation import Prepared, prepare_squad, prepare_summaries
from quals_jax.data.qags_annotations import read_qags
from quals_jax.data.raw_summaries import RawSplit
from quals_jax.data.readers import COMPRESSIONS
from quals_jax.data.story_files import check_place, find_file
from quals_jax.data.writers import write_rows
from quals_jax.data.xsum import xsum_splits
from quals_jax.evaluation.agreement import krippendorff_alpha
from quals_jax.jobs.progress import Progress
from quals_jax.text.mojibake import mend_mojibake
from quals_jax.text.truecase import Truecaser
from train.sources import summary_rows

_From = Annotated[Path, tyro.conf.arg(name="from", metavar="DIR")]


@dataclasses.dataclass(frozen=True)
class _Summaries:
    """What the two summarisation data sets have in common."""

    source: _From
    """Folder of the official files (or their archive)."""
    data_dir: Path
    """Folder of prepared data sets, made where it is missing."""
    corruption_level: Literal[0, 1, 2] = 1
    """0: everything; 1: without what collecting left behind, as in the paper; 2: also without
    entities that the document does not mention."""
    entities: EntityKind = "auto"
    """What finds entities at level 2; auto: spaCy where it is installed, else rules."""
    spacy_model: str = SPACY_MODEL
    """spaCy's model, by name or folder."""


@dataclasses.dataclass(frozen=True)
class Xsum(_Summaries):
    """XSum: one-sentence summaries of BBC articles."""

    split_file: Path | None = None
    """The JSON file of the splits, where it is not in the folder."""


@dataclasses.dataclass(frozen=True)
class CnnDailymail(_Summaries):
    """CNN/DailyMail: highlights of news articles."""

    url_lists: Path | None = None
    """Folder of all_train.txt, all_val.txt and all_test.txt, where they are elsewhere."""


@dataclasses.dataclass(frozen=True)
class Squad:
    """SQuAD v1.1: questions about Wikipedia paragraphs."""

    source: _From
    """Folder of train-v1.1.json and dev-v1.1.json (also .gz, .xz)."""
    data_dir: Path
    """Folder of prepared data sets, made where it is missing."""


@dataclasses.dataclass(frozen=True)
class Rows:
    """Writes a source of summaries as JSON lines (id, document, summary) for the quals command."""

    source: Annotated[str, tyro.conf.Positional]
    """The source, such as tfds:xsum/level1:test:DATA_DIR."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """File to write: .jsonl, .jsonl.gz or .jsonl.xz."""


@dataclasses.dataclass(frozen=True)
class Qags:
    """Writes QAGS's judgements as JSON lines (id, document, summary, human) for quals meta-eval.

    human is the share of the sentences that most of the workers found supported.
    """

    source: Annotated[Path, tyro.conf.arg(name="from", metavar="FILE")]
    """mturk_cnndm.jsonl or mturk_xsum.jsonl."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """File to write: .jsonl, .jsonl.gz or .jsonl.xz."""
    cased: tuple[str, ...] = ()
    """Texts like these, sources as of `texts`: the judged ones, which are mostly lower-case, get
    the case that words have there, and wrongly decoded letters are mended. None: as published."""


def prepare(task: Xsum | CnnDailymail | Squad) -> Prepared:
    """Prepares a data set; says on stderr what was read, written and left out."""
    if isinstance(task, Squad):
        return prepare_squad(_squad_files(task.source), task.data_dir)
    analyser = None
    if task.corruption_level == 2:
        analyser = entity_analyser(task.entities, task.spacy_model)
        _say(f"entities by {analyser.name}")
    if isinstance(task, Xsum):
        name, splits = "xsum", xsum_splits(task.source, task.corruption_level, task.split_file)
    else:
        name = "cnn_dailymail"
        splits = cnn_dailymail_splits(task.source, task.corruption_level, task.url_lists)
    return prepare_summaries(
        name,
        [dataclasses.replace(split, stories=_watched(split)) for split in splits],
        task.data_dir,
        filter_level=task.corruption_level,
        analyser=analyser,
    )


def _watched(split: RawSplit) -> Callable[[], Iterator[tuple[str, Story]]]:
    def stories() -> Iterator[tuple[str, Story]]:
        with Progress(split.name, total=split.num_stories) as progress:
            for story in split.stories():
                yield story
                progress.advance(1)

    return stories


def _squad_files(folder: Path) -> dict[str, Path]:
    files = {}
    for split, name in (("train", "train-v1.1.json"), ("validation", "dev-v1.1.json")):
        names = [name, *(name + suffix for suffix in COMPRESSIONS)]
        found = [path for name in names if (path := find_file(check_place(folder), name))]
        if not found:
            raise FileNotFoundError(f"{folder}: no {' or '.join(names)}")
        files[split] = found[0]
    return files


def describe(prepared: Prepared) -> str:
    """What was read, written and left out, and the source string of each split."""
    lines = [str(prepared.folder)]
    if prepared.entities is not None:
        lines.append(f"entities by {prepared.entities}")
    for split, counts in prepared.splits.items():
        lines.append(f"{prepared.source(split)}  {counts.written:,} of {counts.read:,}")
        if counts.shortened:
            lines.append(f"  {counts.shortened:,} lost sentences")
        lines += [f"  {n:,} dropped: {reason}" for reason, n in sorted(counts.drops.items())]
    return "\n".join(lines)


def write_source(task: Rows) -> int:
    """Writes the rows of a source; returns how many."""
    names = ("id", "document", "summary")
    count = 0

    def rows() -> Iterator[dict[str, object]]:
        nonlocal count
        for row in summary_rows(task.source):
            count += 1
            yield dict(zip(names, row, strict=True))

    write_rows(task.output, "jsonl", rows)
    return count


def write_judgements(task: Qags) -> str:
    """Writes the judged summaries; what was written, in words."""
    judged = list(read_qags(task.source))
    clean = _cleaner(task.cased)
    write_rows(
        task.output,
        "jsonl",
        lambda: (
            summary.to_row()
            | {"document": clean(summary.document), "summary": clean(summary.summary)}
            for summary in judged
        ),
    )
    mean = f"{fmean(summary.human for summary in judged):.4f}" if judged else "undefined"
    num_sentences = sum(len(summary.votes) for summary in judged)
    alpha = krippendorff_alpha([votes for summary in judged for votes in summary.votes])
    return (
        f"{len(judged):,} rows, {num_sentences:,} judged sentences, mean human score {mean}, "
        f"Krippendorff's alpha of the answers {'undefined' if alpha is None else f'{alpha:.3f}'}"
    )


def _cleaner(sources: Sequence[str]) -> Callable[[str], str]:
    if not sources:
        return lambda text: text
    truecaser = Truecaser(text for source in sources for _, text in read_texts(source))
    return lambda text: truecaser.restore(mend_mojibake(text))


_COMMANDS: dict[str, Callable[..., Xsum | CnnDailymail | Squad | Rows | Qags | Claims | Texts]] = {
    "xsum": Xsum,
    "cnn_dailymail": CnnDailymail,
    "squad": Squad,
    "rows": Rows,
    "qags": Qags,
    "claims": Claims,
    "texts": Texts,
}


def parse(arguments: Sequence[str]) -> Xsum | CnnDailymail | Squad | Rows | Qags | Claims | Texts:
    """What the arguments ask for; SystemExit for unusable ones and for --help."""
    return tyro.extras.subcommand_cli_from_dict(
        _COMMANDS,
        prog="python -m experiments.prepare_data",
        description=__doc__,
        args=list(arguments),
    )


def main(arguments: Sequence[str]) -> int:
    """Runs the command; its exit status: 0 good, 2 bad usage or input."""
    task = parse(arguments)
    try:
        if isinstance(task, Rows):
            print(f"{task.output}: {write_source(task):,} rows")
        elif isinstance(task, Qags):
            print(f"{task.output}: {write_judgements(task)}")
        elif isinstance(task, Claims):
            print(f"{task.output}: {write_claims(task)}")
        elif isinstance(task, Texts):
            print(f"{task.output}: {write_texts(task)}")
        else:
            print(describe(prepare(task)))
    except (ValueError, OSError, ModuleNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
