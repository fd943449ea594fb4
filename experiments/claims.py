"""`python -m experiments.prepare_data claims`: FactCC's training data from documents."""

import dataclasses
import importlib
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import tyro

from quals_jax.data.claim_swaps import SWAPS
from quals_jax.data.claims import ClaimOptions, Paraphrase, claim_rows
from quals_jax.data.entity_analysis import SPACY_MODEL, EntityKind, entity_analyser
from quals_jax.data.writers import write_rows
from quals_jax.jobs.progress import Progress
from train.sources import document_rows

Swaps = Literal["entity_swap", "number_swap", "date_swap", "pronoun_swap", "negation"]


@dataclasses.dataclass(frozen=True)
class Claims:
    """Writes FactCC's training data: true and false claims made of the documents' sentences.

    A sentence gives a CORRECT claim, as it stands, and an INCORRECT one with one change: another
    name, number or date of the document, another pronoun, or a "not" more or less. Some claims of
    both sorts get noise (words said twice or lost). Rows {"id", "document", "claim", "label",
    "transformation"}; the same source and seed give the same rows.

    python -m experiments.prepare_data claims rows:articles.jsonl -o claims.jsonl.gz

    python -m experiments.prepare_data claims tfds:xsum/level1:train:tfds -o claims.jsonl --seed 1

    python -m experiments.prepare_data claims world:500 -o claims.jsonl --paraphrase my_model:reword
    """

    source: Annotated[str, tyro.conf.Positional]
    """Documents: rows:FILE (id, document), or a source of summaries (tfds:..., world:1000)."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """File to write: .jsonl, .jsonl.gz or .jsonl.xz."""
    per_document: int = 2
    """Sentences taken of a document, each for one true and one false claim."""
    swaps: tuple[Swaps, ...] = tuple(SWAPS)  # pyrefly: ignore
    """Changes that make a claim false."""
    noise_share: float = 0.2
    """Share of the claims that get noise."""
    paraphrase: str = ""
    """MODULE:FUNCTION that says a sentence in other words (str to str), such as by translating it
    there and back; half of the sentences go through it first. Without one none is paraphrased."""
    entities: EntityKind = "auto"
    """What finds names; auto: spaCy where it is installed, else rules."""
    spacy_model: str = SPACY_MODEL
    """spaCy's model, by name or folder."""
    seed: int = 0
    """Of all that is drawn, with the id of the document."""


def write_claims(task: Claims) -> str:
    """Writes the claims; what was written, in words."""
    options = ClaimOptions(
        claims_per_document=task.per_document,
        swaps=task.swaps,
        noise_share=task.noise_share,
        seed=task.seed,
    )
    paraphrase = load_paraphrase(task.paraphrase) if task.paraphrase else None
    analyser = entity_analyser(task.entities, task.spacy_model)
    print(f"entities by {analyser.name}", file=sys.stderr, flush=True)
    drops: Counter[str] = Counter()
    labels: Counter[str] = Counter()
    changes: Counter[str] = Counter()

    def documents() -> Iterator[tuple[str, str]]:
        total = sum(1 for _ in document_rows(task.source))
        with Progress("documents", total) as progress:
            for row in document_rows(task.source):
                yield row
                progress.advance(1)

    def rows() -> Iterator[dict[str, str]]:
        for claim in claim_rows(
            documents(), options, analyser=analyser, paraphrase=paraphrase, drops=drops
        ):
            labels[claim.label] += 1
            changes.update(claim.transformation.split("+"))
            yield claim.to_row()
        if not labels:  # nothing is written then
            raise ValueError(
                f"{task.source}: no claim could be made ({dict(drops)}); sentences need at least "
                f"{options.min_words} words and something to change"
            )

    write_rows(task.output, "jsonl", rows)
    counts = ", ".join(f"{n:,} {label}" for label, n in sorted(labels.items()))
    lines = [f"{labels.total():,} rows ({counts})"]
    lines += [f"  {n:,} {name}" for name, n in changes.most_common()]
    lines += [f"  {n:,} documents: {reason}" for reason, n in sorted(drops.items())]
    return "\n".join(lines)


def load_paraphrase(name: str) -> Paraphrase:
    """The function ``MODULE:FUNCTION``; ValueError that says what is wrong with the name."""
    module_name, colon, function_name = name.partition(":")
    if not colon or not module_name or not function_name:
        raise ValueError(f"--paraphrase {name!r}: expected MODULE:FUNCTION")
    try:
        function = getattr(importlib.import_module(module_name), function_name, None)
    except ModuleNotFoundError as error:
        raise ValueError(
            f"--paraphrase {name}: {error}; run the command where Python finds the module"
        ) from error
    if not callable(function):
        raise ValueError(f"--paraphrase {name}: {module_name} has no function {function_name!r}")
    return function
