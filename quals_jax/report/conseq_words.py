"""The result of a ConSeq run in sentences: what happened to factuality, against which controls."""

from collections.abc import Sequence
from dataclasses import dataclass

from quals_jax.report.conseq_results import BASELINE, BOUND, MAIN, Results, System
from quals_jax.report.markup import Child, Markup, element
from quals_jax.report.metric_names import (
    Metric,
    decoders_of,
    figure_of,
    headline_metric,
    metric_of,
    metrics_of,
)
from quals_jax.report.page import tiles

POSITIVES_ONLY = "positives"  # S+ as MAIN has it, no S-: shows what each side brings


@dataclass(frozen=True)
class Headline:
    """The systems' values of the metric that matters most, under the first decoder."""

    metric: Metric
    decoder: str
    decoder_label: str
    values: dict[str, float]
    labels: dict[str, str]

    @classmethod
    def of(cls, systems: Sequence[System]) -> "Headline":
        """Leaves out systems without a value."""
        metric = headline_metric(systems)
        decoder, label = next(iter(decoders_of(systems).items()))
        found = {s["name"]: figure_of(s, decoder, metric.name)[0] for s in systems}
        values = {name: value for name, value in found.items() if value is not None}
        return cls(metric, decoder, label, values, {s["name"]: s["label"] for s in systems})

    @property
    def controls(self) -> list[str]:
        """Names of the controls, the best first."""
        names = [name for name in self.values if name not in (MAIN, BASELINE, BOUND)]
        return sorted(names, key=lambda name: -self.values[name])

    def text(self, name: str) -> str:
        """The value of a system with its unit."""
        return self.metric.with_unit(self.values[name])

    def gain(self, name: str, against: str) -> str:
        """A difference in words: "34.2 points" or "0.041 nats"."""
        value = abs(self.values[name] - self.values[against])
        unit = "points" if self.metric.unit == "%" else self.metric.unit
        return f"{self.metric.text(value)}\u00a0{unit}".strip()


def headline(results: Results) -> list[Markup]:
    """The main result in paragraphs that need no other part of the report."""
    told = Headline.of(results["systems"])
    if MAIN not in told.values or BASELINE not in told.values:
        return [element("p", _ranking(told), class_="result")]
    details = _others(told), _sides(told), _rouge(results["systems"], told.decoder)
    return [
        element("p", _before_and_after(told, results), class_="result"),
        element("p", *details),
    ]


def key_tiles(results: Results) -> Markup:
    """Main system, baseline, best control, what the oracle could read, time."""
    told = Headline.of(results["systems"])
    values = [
        (told.text(name), f"{told.labels[name]}: {words}")
        for name, words in (
            (MAIN, told.metric.axis_label.split(",")[0]),
            (BASELINE, "before ConSeq"),
        )
        if name in told.values
    ]
    if told.controls:
        best = told.controls[0]
        values.append((told.text(best), f"{told.labels[best]}: the best of the controls"))
    if BOUND in told.values:
        values.append((told.text(BOUND), f"{told.labels[BOUND]}: knows the truth"))
    secs = sum(results["timings"].values())
    if secs:
        values.append((_duration(secs), "for all stages together"))
    return tiles(*values)


def _before_and_after(told: Headline, results: Results) -> list[Child]:
    after, before = told.values[MAIN], told.values[BASELINE]
    interval = _difference(results, told)
    if told.metric.name == "factual":
        words: list[Child] = [
            "Of the summaries that the summarizer writes of held-out articles ",
            f"({told.decoder_label}), ",
            element("b", told.text(MAIN)),
            " are factual after ConSeq with QUALS, which means that the article states every fact "
            f"in them. Before, it was {told.text(BASELINE)}. ",
        ]
    else:
        words = [
            f"Under {told.decoder_label}, {told.metric.label} of the summaries of held-out "
            "documents is ",
            element("b", told.text(MAIN)),
            f" after ConSeq with QUALS. Before, it was {told.text(BASELINE)}. ",
        ]
    if after > before:
        words.append(f"That is a gain of {told.gain(MAIN, BASELINE)}{interval}. ")
    elif after < before:
        words.append(
            f"ConSeq with QUALS made it worse in this run, by {told.gain(MAIN, BASELINE)}"
            f"{interval}. "
        )
    else:
        words.append("ConSeq with QUALS changed nothing in this run. ")
    return words


def _others(told: Headline) -> str:
    others = [f"{told.text(name)} ({told.labels[name]})" for name in told.controls]
    sentence = ""
    if others:
        sentence = f"The controls reach {_listed(others)}. "
        best = told.controls[0]
        if told.values[best] >= told.values[MAIN]:
            sentence += f"So {told.labels[best]} does at least as well without it. "
    if BOUND in told.values:
        sentence += (
            f"With sets chosen by an oracle that knows the truth it would be {told.text(BOUND)}. "
        )
    return sentence


def _sides(told: Headline) -> str:
    """What S+ and what S- bring, where S+ alone was tried."""
    if POSITIVES_ONLY not in told.values:
        return ""
    by_positives = told.gain(POSITIVES_ONLY, BASELINE)
    by_negatives = told.gain(MAIN, POSITIVES_ONLY)
    up = told.values[POSITIVES_ONLY] >= told.values[BASELINE]
    more = told.values[MAIN] >= told.values[POSITIVES_ONLY]
    return (
        f"S+ alone {'brings' if up else 'takes'} {by_positives}; pushing S− away "
        f"{'adds' if more else 'takes'} {by_negatives}. "
    )


def _rouge(systems: Sequence[System], decoder: str) -> str:
    """What it costs in ROUGE."""
    by_name = {system["name"]: system for system in systems}
    changes = []
    for name, words in (("rougeL", "against the references"), ("rougeL_clean", "clean ones")):
        before, after = (figure_of(by_name[n], decoder, name)[0] for n in (BASELINE, MAIN))
        if before is not None and after is not None:
            metric = metric_of(name)
            changes.append(f"from {metric.text(before)} to {metric.text(after)} {words}")
    if not changes:
        return ""
    return f"ROUGE-L goes {', and '.join(changes)}.".replace("clean ones", "against clean ones")


def _ranking(told: Headline) -> str:
    ranked = sorted(told.values, key=lambda name: -told.values[name])
    if not ranked:
        return f"No system has a value of {told.metric.label} under {told.decoder_label}."
    figures = [f"{told.labels[name]} {told.text(name)}" for name in ranked]
    return f"{told.metric.axis_label}, under {told.decoder_label}: {_listed(figures)}."


def _difference(results: Results, told: Headline) -> str:
    """The interval of the paired difference, where the results have it."""
    wanted = (MAIN, BASELINE, told.decoder, told.metric.name)
    for row in results.get("comparisons") or ():
        if (row["system"], row["against"], row["decoder"], row["metric"]) == wanted:
            low, high = map(told.metric.difference, row["interval"])
            return f" (95 % interval {low} to {high})"
    return ""


def collapses(results: Results) -> list[Markup]:
    """A loud card per training that collapsed."""
    labels = {system["name"]: system["label"] for system in results["systems"]}
    cards = []
    for name, curves in (results["training"] or {}).items():
        if curves["collapsed_at"] is not None:
            words = (
                f" collapsed at update {curves['collapsed_at']}. Its training was stopped there; "
                "its figures are those of the last good parameters."
            )
            who = element("b", labels.get(name, name))
            cards.append(element("div", element("p", who, words), class_="card alarm"))
    return cards


def known_metrics(systems: Sequence[System]) -> Markup:
    """What the columns of the table mean."""
    words: list[Child] = []
    for metric in metrics_of(systems):
        if metric.meaning:
            words += [element("b", metric.label), f": {metric.meaning}. "]
    return element("p", words, class_="note")


def _listed(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def _duration(secs: float) -> str:
    if secs < 90:
        return f"{secs:.0f} s"
    return f"{secs / 60:.0f} min" if secs < 5400 else f"{secs / 3600:.1f} h"
