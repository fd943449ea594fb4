"""Do document and summary answer the same? Answers by QAGen itself, compared as QAGS does.

QAGS (Wang et al. 2020) answers the questions about a summary from the summary and from the document
and takes the mean token F1 of the two answers. The official code of QUALS has the part that writes
answers (task ``qa_eval_gen``): the question and the separator are given, the answer is what QAGen
writes next, greedily.
"""

from collections.abc import Sequence

from quals_jax.checkpoints.model_folder import ModelFolder
from quals_jax.decoding.continuation import Continuer
from quals_jax.parallel.batches import RowFailure
from quals_jax.text.qa_pairs import separator_of, split_text

MAX_PAIR_TOKENS = 50  # question, separator and answer together, as in the official code


class Answerer:
    """Answers questions about texts with a QAGen.

    ``respell`` asks with the text of a question, as the official code does, instead of the very
    tokens that were generated, which may spell it otherwise.
    """

    def __init__(self, model: ModelFolder, *, respell: bool = False):
        self._respell = respell
        self._tokenizer = model.tokenizer
        self._start = [] if model.quals.forced_bos_id is None else [model.quals.forced_bos_id]
        self._separator_id = separator_of(model.tokenizer, model.quals.separator_id)
        self._max_len = min(MAX_PAIR_TOKENS, model.config.max_positions - 1)
        self._continuer = Continuer(model.config, model.params, self._max_len)

    def question(self, text: str, pair: Sequence[int]) -> list[int]:
        """What is asked with: a question and the separator, from its text or the pair's ids."""
        if self._respell:
            return [*self._start, *self._tokenizer.encode(text), self._separator_id]
        return list(pair[: pair.index(self._separator_id) + 1])

    def answers(
        self, sources: Sequence[Sequence[list[int]]], questions: Sequence[Sequence[list[int]]]
    ) -> list[list[str] | RowFailure]:
        """For every row the answers to its questions, each from the source in its place.

        Questions end with the separator, sources with ``</s>``; a source is encoded once for all
        the questions about it. As officially, a question that leaves no room for an answer and a
        second separator in the answer give the empty answer.
        """
        places: dict[tuple[int, ...], list[tuple[int, int]]] = {}
        for row, group in enumerate(sources):
            for n, source in enumerate(group):
                if len(questions[row][n]) <= self._max_len:
                    places.setdefault(tuple(source), []).append((row, n))
        outcomes = self._continuer.run(
            [list(source) for source in places],
            [[questions[row][n] for row, n in group] for group in places.values()],
        )
        answers = [[""] * len(group) for group in questions]
        failures: dict[int, RowFailure] = {}
        for group, outcome in zip(places.values(), outcomes, strict=True):
            if isinstance(outcome, RowFailure):
                failures |= {row: outcome for row, _ in group}
                continue
            for (row, n), tokens in zip(group, outcome, strict=True):
                answers[row][n] = self._answer(tokens)
        return [failures.get(row, found) for row, found in enumerate(answers)]

    def _answer(self, tokens: list[int]) -> str:
        try:
            parts = split_text(self._tokenizer.decode(tokens))
        except ValueError:  # an id without a text
            return ""
        return parts[1] if parts else ""
