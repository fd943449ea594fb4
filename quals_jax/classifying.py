"""Classification of claims: does a document support a claim?

>>> classifier = ClaimClassifier.from_folder("models/factcc")
>>> classifier.probabilities(["Ann lives in Rome."], [["Ann lives in Rome.", "Ann lives in Bonn."]])
[[0.98, 0.03]]

A document that is too long is read in overlapping windows; the window that supports a claim best
speaks for the document. Differs from FactCC, which reads the beginning (``max_windows=1``).
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import jax
import numpy as np
from jaxtyping import Array, Int

from quals_jax.answering import TOKENS_PER_BATCH
from quals_jax.checkpoints.encoder_folder import EncoderFolder, load_encoder_folder
from quals_jax.models.bert import Bert, Params, bind
from quals_jax.models.bert_config import BertConfig
from quals_jax.models.flops import encoder_flops
from quals_jax.parallel.batches import RowFailure, Shape, length_bucket, run_in_batches
from quals_jax.parallel.rows import jit_over_rows, pad_rows
from quals_jax.text.pair_tokenizer import PAIR_TOKENS, join_pair
from quals_jax.text.windows import windows


@dataclasses.dataclass(frozen=True)
class ClassifierOptions:
    """``label``: the class whose probability is wanted, whatever its case."""

    label: str = "CORRECT"
    max_windows: int = 0  # of a document, from its beginning; 0: all, 1: as FactCC
    overlap_tokens: int = 128  # that neighbouring windows share

    def __post_init__(self) -> None:
        if self.max_windows < 0 or self.overlap_tokens < 0:
            raise ValueError(f"{self}: expected max_windows and overlap_tokens >= 0")


class ClaimClassifier:
    """Probabilities by one model, many at a time; the same inputs give the same numbers."""

    def __init__(self, model: EncoderFolder, options: ClassifierOptions | None = None):
        self.model, self.options = model, options or ClassifierOptions()
        if model.config.head != "classification":
            raise ValueError(
                f"{model.path} has a head for {model.config.head}, expected one for classes"
            )
        labels = [label.upper() for label in model.config.labels]
        if self.options.label.upper() not in labels:
            raise ValueError(
                f"{model.path} has the classes {', '.join(model.config.labels)}, not "
                f"{self.options.label}; say which one means that the document supports the claim"
            )
        self._class = labels.index(self.options.label.upper())
        self._probabilities = _compiled(model.config)
        self._tokens_per_batch = TOKENS_PER_BATCH.get(jax.default_backend(), 65_536)

    @classmethod
    def from_folder(
        cls,
        folder: str | Path,
        options: ClassifierOptions | None = None,
        dtype: Literal["float32", "bfloat16"] = "float32",
    ) -> "ClaimClassifier":
        """Loads a model folder; raises as `load_encoder_folder` does."""
        return cls(load_encoder_folder(folder, dtype), options)

    @property
    def signature(self) -> str:
        """What the probabilities depend on: weights, and options that are not the defaults."""
        parts = [f"weights:{self.model.settings.weights_sha256[:8]}"]
        for field in dataclasses.fields(self.options):
            value = getattr(self.options, field.name)
            if value != field.default:
                parts.append(f"{field.name}:{value}")
        if self.model.config.dtype != "float32":
            parts.append(self.model.config.dtype)
        return "|".join(parts)

    def probabilities(
        self,
        documents: Sequence[str],
        claims: Sequence[Sequence[str]],
        report: Callable[[int], None] = lambda done: None,
    ) -> list[list[float | RowFailure]]:
        """The probability of the class for each of ``claims[i]`` about ``documents[i]``.

        A claim is cut at half of the model's tokens. ``report`` is told how many windows each batch
        finished. A claim whose batch fails gives a `RowFailure`. Raises ValueError for lists of
        different length.
        """
        if len(documents) != len(claims):
            raise ValueError(f"{len(documents)} documents but {len(claims)} lists of claims")
        tokenizer, limit = self.model.tokenizer, self.model.settings.max_tokens
        texts = tokenizer.encode_with_offsets(documents)
        flat = [(i, claim) for i, group in enumerate(claims) for claim in group]
        encoded = tokenizer.encode_with_offsets([claim for _, claim in flat])
        rows: list[list[int]] = []
        owners: list[int] = []
        for number, ((i, _), claim) in enumerate(zip(flat, encoded, strict=True)):
            ids, document = claim.ids[: limit // 2], texts[i].ids
            parts = windows(
                len(document), limit - PAIR_TOKENS - len(ids), self.options.overlap_tokens
            )
            for start, end in parts[: self.options.max_windows or None]:
                rows.append(join_pair(tokenizer, document[start:end], ids))
                owners.append(number)
        best: list[float | RowFailure] = [-1.0] * len(flat)
        for number, found in zip(owners, self._run(rows, report), strict=True):
            now = best[number]
            if isinstance(now, RowFailure):
                continue
            best[number] = found if isinstance(found, RowFailure) else max(now, found)
        results: list[list[float | RowFailure]] = [[] for _ in documents]
        for (i, _), value in zip(flat, best, strict=True):
            results[i].append(value)
        return results

    def _run(
        self, rows: list[list[int]], report: Callable[[int], None]
    ) -> list[float | RowFailure]:
        limit = self.model.settings.max_tokens
        shapes = [(length_bucket(len(row), limit),) for row in rows]

        def max_rows(shape: Shape) -> int:
            return max(1, self._tokens_per_batch // shape[0])

        def run(shape: Shape, batch: list[int]) -> list[float | RowFailure]:
            pad_id = self.model.config.pad_id
            src_BS = pad_rows([rows[i] for i in batch], shape[0], pad_id, max_rows(shape))
            p_BC = np.asarray(self._probabilities(self.model.params, src_BS))
            return [_checked(float(p_BC[row, self._class])) for row in range(len(batch))]

        def flops(shape: Shape) -> float:
            return encoder_flops(self.model.config, shape[0])

        return run_in_batches(shapes, max_rows, flops, run, report)


def _checked(value: float) -> float | RowFailure:
    if not np.isfinite(value):
        return RowFailure("non_finite", "the model gives NaN or infinite probabilities")
    return value


@functools.lru_cache(maxsize=16)
def _compiled(config: BertConfig) -> Callable:
    def probabilities(params: Params, src_BS: Int[Array, "b s"]) -> Array:
        model: Bert = bind(config, params)
        hidden_BSD = model.encode(src_BS, src_BS != config.pad_id)
        return jax.nn.softmax(model.class_logits(hidden_BSD), axis=1)

    return jit_over_rows(probabilities)
