"""Checks what the original QAGen wrote about 50 XSum summaries against what we assume of it.

    python -m tests.golden.check_reference_dump PAIRS.jsonl BPE_FOLDER

The dump (anton164/highlight-sum, 626 filtered pairs) has no licence and is not part of this
repository; BPE_FOLDER holds BART's vocab.json and merges.txt. Each line printed is a fact that the
code relies on; the exit status is 1 if one does not hold.
"""

import json
import sys
from pathlib import Path

import numpy as np

from quals_jax.text.qa_pairs import decode_pair, encode_pair, split_pair
from quals_jax.text.tokenizer import Tokenizer


def main(pairs_file: str, bpe_folder: str) -> int:
    """Prints each fact with what was found; 0 if all hold."""
    rows = [json.loads(line) for line in Path(pairs_file).read_text("utf-8").splitlines()]
    tokenizer = Tokenizer.from_folder(bpe_folder)
    separator = tokenizer.separator_id
    pairs = [(row["context"], qa) for row in rows for qa in row["qas"]]
    lengths = np.array([len(qa["toks"]) for _, qa in pairs])
    separator_scores = np.array([qa["pos_s"][qa["toks"].index(separator)] for _, qa in pairs])
    canonical = [
        encode_pair(tokenizer, qa["q"], qa["a"]) == qa["toks"] or _spelled(tokenizer, qa)
        for _, qa in pairs
    ]
    counts = np.array([len(row["qas"]) for row in rows])
    facts = {
        "50 summaries, 626 pairs": (len(rows), len(pairs)) == (50, 626),
        "separator id 50259, exactly once in every pair": separator == 50259
        and all(qa["toks"].count(separator) == 1 for _, qa in pairs),
        "every pair ends with </s> and holds no other special token": all(
            qa["toks"][-1] == 2 and min(qa["toks"][:-1]) > 3 for _, qa in pairs
        ),
        "token ids decode to the recorded question and answer": all(
            decode_pair(tokenizer, qa["toks"]) == (qa["q"], qa["a"]) for _, qa in pairs
        ),
        "613 of 626 are the canonical BPE of their texts": sum(canonical) == 613,
        "the answer is a substring of the summary, both lower-cased": all(
            qa["a"].lower() in context.lower() for context, qa in pairs
        ),
        "summed score = sum of token scores (3e-6)": all(
            abs(sum(qa["pos_s"]) - qa["uns"]) < 3e-6 for _, qa in pairs
        ),
        "normalised score = sum / length, </s> included (1e-6)": all(
            abs(qa["uns"] / len(qa["toks"]) - qa["ns"]) < 1e-6 for _, qa in pairs
        ),
        "lengths 9 to 34, mean 15.9": (lengths.min(), lengths.max()) == (9, 34)
        and abs(lengths.mean() - 15.9) < 0.05,
        "41 summaries keep more than 10 pairs, 20 at most": ((counts > 10).sum(), counts.max())
        == (41, 20),
        "penalties of 0.5 in the separator's score: 621 of 626 within .09-.12": sum(
            0.085 <= (-score) % 0.5 <= 0.125 for score in separator_scores
        )
        >= 621,
        "40 answers begin with a blank": sum(qa["a"].startswith(" ") for _, qa in pairs) == 40,
        "the first pass takes one pair per answer, best summed score first": all(
            map(_first_pass_is_ordered, rows)
        ),
    }
    for fact, holds in facts.items():
        print(f"{'holds ' if holds else 'FAILS '} {fact}")
    return 0 if all(facts.values()) else 1


def _spelled(tokenizer: Tokenizer, qa: dict) -> bool:
    question, answer = split_pair(qa["toks"], tokenizer.separator_id, tokenizer.eos_id) or ([], [])
    return tokenizer.encode(qa["q"]) == question and tokenizer.encode(qa["a"]) == answer


def _first_pass_is_ordered(row: dict) -> bool:
    first = row["qas"][: len({qa["a"].lower() for qa in row["qas"]})]
    scores = [qa["uns"] for qa in first]
    return len({qa["a"].lower() for qa in first}) == len(first) and scores == sorted(scores)[::-1]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
