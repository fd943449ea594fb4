"""The figures of `quals meta-eval` for a terminal."""

from collections.abc import Iterator
from typing import Any

from quals_jax.commands.text_table import between, plain, signed, text_table
from quals_jax.evaluation.correlation import CORRELATIONS
from quals_jax.evaluation.meta_eval import PARTIALS, Results, best_floor

_PARTIAL_HEADS = dict(zip(PARTIALS, ("less n-grams", "less system", "less both"), strict=True))


def meta_eval_text(results: Results) -> str:
    """Tables overall, per system and of differences, and what has no figure and why."""
    blocks = [_counts(results), _overall(results), *_systems(results), *_against_floor(results)]
    reasons = list(dict.fromkeys(_reasons(results)))
    if reasons:
        blocks.append("\n".join(["without a figure:", *reasons]))
    return "\n\n".join(blocks)


def shown_name(metric: Results) -> str:
    """The name of a score, with a minus where it was turned round."""
    return f"-{metric['name']}" if metric["lower_is_better"] else metric["name"]


def _counts(results: Results) -> str:
    text = (
        f"{results['num_rows']:,} judged summaries of {results['num_documents']:,} documents, mean "
        f"human score {results['mean_human']:.4f}, {results['num_consistent']:,} consistent "
        f"(human >= {results['options']['consistent_from']:g})"
    )
    for key, words in (
        ("num_without_judgement", "rows without a judgement were left out"),
        ("num_judged_not_scored", "judged summaries are in no file of scores"),
        ("num_scored_not_judged", "scored summaries were not judged"),
    ):
        if results.get(key):
            text += f"\n{results[key]:,} {words}"
    return text


def _overall(results: Results) -> str:
    metrics = results["metrics"]
    partials = [name for name in PARTIALS if any(name in m["overall"] for m in metrics)]
    heads = ["Pearson", "95 %", "Spearman", "Kendall", "AUROC", "bal. acc."]
    lines = [["overall", "rows", *heads, *(_PARTIAL_HEADS[name] for name in partials)]]
    for metric in metrics:
        found = metric["overall"]
        lines.append(
            [
                shown_name(metric),
                f"{metric['num_rows']:,}",
                signed(found["pearson"]["value"]),
                between(found["pearson"]["interval"], sign="+"),
                signed(found["spearman"]["value"]),
                signed(found["kendall"]["value"]),
                plain(found["auroc"]["value"]),
                plain(found["balanced_accuracy"]["value"]),
                *(signed(found[name]["value"]) for name in partials),
            ]
        )
    return text_table(lines)


def _systems(results: Results) -> Iterator[str]:
    metrics = results["metrics"]
    for system in metrics[0]["systems"] if metrics else ():
        lines = [[system, "rows", "Pearson", "95 %", "Spearman", "Kendall"]]
        for metric in metrics:
            found = metric["systems"][system]
            lines.append(
                [
                    shown_name(metric),
                    f"{found['num_rows']:,}",
                    signed(found["pearson"]["value"]),
                    between(found["pearson"]["interval"], sign="+"),
                    signed(found["spearman"]["value"]),
                    signed(found["kendall"]["value"]),
                ]
            )
        yield text_table(lines)
    levels = {shown_name(m): m["system_level"] for m in metrics if m["system_level"]}
    if levels:
        lines = [["means of systems", "systems", "Pearson", "Spearman", "Kendall"]]
        for name, level in levels.items():
            figures = [signed(level[kind]) for kind in CORRELATIONS]
            lines.append([name, str(level["num_systems"]), *figures])
        yield text_table(lines)


def _against_floor(results: Results) -> Iterator[str]:
    floor = best_floor(results)
    rows = [d for d in results["differences"] if d["against"] == floor]
    others = [d for d in rows if d["metric"] not in results["floors"]]
    if not others:
        return
    lines = [[f"Pearson less that of {floor}", "rows", "difference", "95 %", "p"]]
    for row in others:
        found: dict[str, Any] = row["pearson"]
        lines.append(
            [
                row["metric"],
                f"{row['num_rows']:,}",
                signed(found["value"]),
                between(found["interval"], sign="+"),
                plain(found["p"]),
            ]
        )
    yield text_table(lines)


def _reasons(results: Results) -> Iterator[str]:
    for metric in results["metrics"]:
        places = {"": metric["overall"]} | {f" ({s})": f for s, f in metric["systems"].items()}
        for place, figures in places.items():
            by_reason: dict[str, list[str]] = {}
            for name, found in figures.items():
                if isinstance(found, dict) and found["value"] is None:
                    by_reason.setdefault(found["reason"], []).append(name)
            for reason, names in by_reason.items():
                if metric["floor"] and names[0] in PARTIALS:
                    continue  # an n-gram precision has nothing left when it is accounted for
                yield f"  {shown_name(metric)}{place}: {', '.join(names)}: {reason}"
