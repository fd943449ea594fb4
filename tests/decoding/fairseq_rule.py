"""fairseq's search as plain as it can be written: one source, Python lists, the whole vocabulary.

The rule is that of quals_jax/decoding/beam.py; nothing is shared with it.
"""

import dataclasses
import itertools

import numpy as np

from tests.decoding.toy import EOS, PAD


@dataclasses.dataclass
class Hypothesis:
    tokens: list[int]  # with the first </s>
    total: float | np.float32 = 0.0
    scores: tuple = ()
    logp: tuple = ()


def search(log_probs, options):
    """Returns (finished hypotheses best first, smallest gap between neighbouring candidates).

    ``log_probs(tokens)`` gives float32 log-probabilities after ``tokens``, which start with </s>.
    """
    N, G = options.num_beams, options.num_groups
    beam, finished, gap = [Hypothesis([EOS]) for _ in range(N)], [], np.inf
    for position in range(options.max_len + 1):
        by_group, counts = [], None
        for g in range(G):
            members = beam[g::G] if position else beam[g : g + 1]
            candidates = []
            for hypothesis in members:
                plain = masked(log_probs(hypothesis.tokens), hypothesis.tokens, position, options)
                counts = np.zeros(len(plain), np.float32) if counts is None else counts
                scores = plain - np.float32(options.diversity_strength) * counts
                for token, (score, logp) in enumerate(zip(scores, plain, strict=True)):
                    candidates.append((hypothesis, token, score, logp, hypothesis.total + score))
            candidates.sort(key=lambda c: -c[4])
            chosen = candidates[: 2 * N // G]
            best = candidates[: len(chosen) + 1]
            gap = min(gap, smallest_gap([(c[4], [*c[0].tokens, c[1]]) for c in best]))
            for candidate in chosen:
                counts[candidate[1]] += 1
            by_group.append(chosen)
        ranked = [chosen[r] for r in range(2 * N // G) for chosen in by_group if r < len(chosen)]
        grown = [
            Hypothesis(
                [*before.tokens, token], total, (*before.scores, score), (*before.logp, logp)
            )
            for before, token, score, logp, total in ranked
        ]
        for hypothesis in grown[:N]:
            if hypothesis.tokens[-1] == EOS and hypothesis.total > -np.inf:
                finished.append(hypothesis)
        finished = finished[:N]
        if len(finished) == N:
            break
        beam = [hypothesis for hypothesis in grown if hypothesis.tokens[-1] != EOS][:N]
    finals = [final_score(hypothesis, options) for hypothesis in finished]
    order = sorted(range(len(finished)), key=lambda i: -finals[i])
    gap = min(gap, smallest_gap([(finals[i], finished[i].tokens) for i in order]))
    return [finished[i] for i in order], gap


def masked(log_probs, tokens, position, options):
    log_probs = log_probs.copy()
    log_probs[PAD] = -np.inf
    if position >= options.max_len:
        log_probs[np.arange(len(log_probs)) != EOS] = -np.inf
        return log_probs
    if position < options.min_len:
        log_probs[EOS] = -np.inf
    size = options.no_repeat_ngram_size
    for start in range(len(tokens) - size + 1) if size else ():
        gram = tokens[start : start + size]
        if gram[:-1] == tokens[len(tokens) - size + 1 :]:
            log_probs[gram[-1]] = -np.inf
    return log_probs


def final_score(hypothesis, options):
    return hypothesis.total / (len(hypothesis.tokens) - 1) ** options.length_penalty


def smallest_gap(falling):
    """Between neighbours of falling ``(score, tokens)``; twins and impossible ones do not count."""
    gap = np.inf
    for (high, tokens), (low, other) in itertools.pairwise(falling):
        if low > -np.inf and tokens != other:
            gap = min(gap, float(high) - float(low))
    return gap
