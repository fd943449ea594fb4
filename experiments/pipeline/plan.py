"""The stages of a pipeline and how they depend on one another.

qagen   mle ─► samples ─┐
  └──────► scores.samples, scores.references ─► sets/RULE ─► systems/NAME
                                                               └─► outputs/NAME.DECODER
evaluated/NAME.DECODER ◄─ scores.outputs ◄──────────────────────────────┘
results ─► report
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from experiments.pipeline.config import Decoder, Pipeline, SetRule, System
from experiments.pipeline.evaluation import EvaluationFiles, evaluate
from experiments.pipeline.judges import check_judges, judge
from experiments.pipeline.planted import draw_picture, find_planted_errors
from experiments.pipeline.rows import RowSettings, generate, score, write_documents
from experiments.pipeline.sets import make_sets, rule_settings
from experiments.pipeline.sources import portable, with_seed, world_seed
from experiments.pipeline.stages import Paths, Stage
from experiments.pipeline.training import run_training, training_settings
from quals_jax.decoding.options import BeamSearch, Sampling
from quals_jax.metrics.quals import QualsOptions
from train.config import Experiment, TokenizerConfig

SAMPLED_SEED = 1_000_000  # draws of the evaluation differ from those the sets were made of


class Plan:
    """All stages of a pipeline; `stages` is an order in which they can be done."""

    def __init__(self, pipeline: Pipeline):
        self.pipeline = seeded(pipeline)
        p = self.pipeline
        self._rows = RowSettings(p.dtype, p.shard_rows)
        self.documents = self._documents("documents", p.mle.data.train, p.num_documents, ())
        self.test = self._documents("test", p.test, p.max_test_rows, p.clean_test)
        self.qagen = self._model("qagen", p.qagen, p.qagen_folder)
        self.mle = self._model("mle", p.mle, p.mle_folder, self.qagen if p.mle_from_qagen else None)
        self.samples = self._generated("samples", self.documents, self.mle, p.sampling, p.seed)
        self.sample_scores = self._scored("scores.samples", self.samples, p.metric)
        self.reference_scores = self._scored("scores.references", self.documents, p.metric)
        self.sets: dict[str, Stage] = {}
        for rule in p.rules:
            self.sets[rule.name] = self._sets(rule)
        self.picture = self._picture()
        self.planted = self._planted() if p.num_planted else None
        self.systems = {system.name: self._system(system) for system in p.systems}
        self.outputs: dict[tuple[str, str], Stage] = {}
        self.evaluated: dict[tuple[str, str], Stage] = {}
        self._output_scores: list[Stage] = []
        self._judged: list[Stage] = []
        for system in p.systems:
            for decoder in p.decoders:
                self._evaluate(system, decoder)

    @property
    def stages(self) -> list[Stage]:
        """Every stage after those it reads."""
        named = [self.documents, self.test, self.qagen, self.mle, self.samples]
        named += [self.sample_scores, self.reference_scores, *self.sets.values(), self.picture]
        named += [self.planted] if self.planted else []
        named += [*self.systems.values(), *self.outputs.values(), *self._output_scores]
        named += self._judged
        named += self.evaluated.values()
        # Systems without a rule are the MLE stage itself.
        return list({stage.name: stage for stage in named}.values())

    def _documents(self, name: str, sources: tuple[str, ...], max_rows: int, clean) -> Stage:
        settings = {
            "sources": list(map(portable, sources)),
            "max_rows": max_rows,
            "clean": list(map(portable, clean)),
        }

        def run(output: Path, path: Paths) -> None:
            write_documents(sources, max_rows, clean, output)

        return Stage(name, f"{name}.jsonl", run, settings)

    def _model(
        self, name: str, experiment: Experiment, folder: str, start: Stage | None = None
    ) -> Stage:
        if folder:
            return self._given(name, folder)
        if start is not None:  # first weights and tokenizer come from there
            experiment = dataclasses.replace(experiment, init_from="", tokenizer=TokenizerConfig())

        def run(output: Path, path: Paths) -> None:
            init_from = str(path(start) / "model") if start else experiment.init_from
            run_training(dataclasses.replace(experiment, init_from=init_from), output)

        inputs = () if start is None else (start,)
        return Stage(name, name, run, training_settings(experiment), inputs, True)

    def _given(self, name: str, folder: str) -> Stage:
        def run(output: Path, path: Paths) -> None:
            link = output / "model"
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(Path(folder).resolve(), target_is_directory=True)

        return Stage(name, name, run, {"folder": portable(folder)})

    def _generated(self, name: str, documents: Stage, model: Stage, search, seed: int) -> Stage:
        settings = {"search": search_settings(search), "seed": seed, "dtype": self._rows.dtype}

        def run(output: Path, path: Paths) -> None:
            folder = path(model) / "model"
            generate(path(documents), output, folder, search, seed, self._rows)

        return Stage(name, f"{name}.jsonl", run, settings, (documents, model), True)

    def _scored(self, name: str, rows: Stage, metric: QualsOptions) -> Stage:
        def run(output: Path, path: Paths) -> None:
            score(path(rows), output, path(self.qagen) / "model", metric, self._rows)

        settings = self._metric_settings(metric)
        return Stage(name, f"{name}.jsonl", run, settings, (rows, self.qagen), True)

    def _sets(self, rule: SetRule) -> Stage:
        sources = {"documents": self.documents, "samples": self.samples}
        sources |= {"of_samples": self.sample_scores, "of_references": self.reference_scores}
        size_of = self.sets[rule.size_of] if rule.by in ("rouge", "random") else None
        settings = rule_settings(rule)
        if rule.by == "random":
            settings["seed"] = self.pipeline.seed

        def run(output: Path, path: Paths) -> None:
            make_sets(
                rule,
                {name: path(source) for name, source in sources.items()},
                output,
                size_of=path(size_of) if size_of else None,
                oracle=self.pipeline.oracle,
                seed=self.pipeline.seed,
            )

        inputs = (*sources.values(), *([size_of] if size_of else []))
        return Stage(f"sets/{rule.name}", f"sets/{rule.name}.jsonl", run, settings, inputs)

    def _picture(self) -> Stage:
        metric, dtype = self.pipeline.metric, self._rows.dtype
        sets = next(iter(self.sets.values()))

        def run(output: Path, path: Paths) -> None:
            draw_picture(path(self.qagen), metric, dtype, path(sets), output)

        settings = self._metric_settings(metric)
        return Stage("picture", "picture.json", run, settings, (sets, self.qagen))

    def _planted(self) -> Stage:
        p = self.pipeline
        metric = p.planted_metric or p.metric
        settings = self._metric_settings(metric)
        settings |= {"num_articles": p.num_planted, "seed": p.seed}

        def run(output: Path, path: Paths) -> None:
            qagen = path(self.qagen)
            find_planted_errors(qagen, metric, p.dtype, p.num_planted, p.seed, output)

        return Stage("planted", "planted.json", run, settings, (self.qagen,))

    def _metric_settings(self, metric: QualsOptions) -> dict[str, object]:
        return {"metric": dataclasses.asdict(metric), "dtype": self._rows.dtype}

    def _system(self, system: System) -> Stage:
        if not system.rule:
            return self.mle
        sets, experiment = self.sets[system.rule], self.pipeline.conseq
        if system.negative_weight is not None:
            conseq = dataclasses.replace(experiment.conseq, negative_weight=system.negative_weight)
            experiment = dataclasses.replace(experiment, conseq=conseq)

        # Sets, first weights and tokenizer come from other stages.
        plain = dataclasses.replace(
            experiment,
            data=dataclasses.replace(experiment.data, train=()),
            init_from="",
            tokenizer=TokenizerConfig(),
        )

        def run(output: Path, path: Paths) -> None:
            data = dataclasses.replace(plain.data, train=(f"rows:{path(sets)}",))
            model = str(path(self.mle) / "model")
            run_training(dataclasses.replace(plain, data=data, init_from=model), output)

        name = f"systems/{system.name}"
        return Stage(name, name, run, training_settings(plain), (sets, self.mle), True)

    def _evaluate(self, system: System, decoder: Decoder) -> None:
        name = f"{system.name}.{decoder.name}"
        seed = SAMPLED_SEED + self.pipeline.seed
        model, metric = self.systems[system.name], self.pipeline.test_metric or self.pipeline.metric
        outputs = self._generated(f"outputs/{name}", self.test, model, decoder.search, seed)
        scores = self._scored(f"scores/{name}", outputs, metric) if decoder.scored else None

        judged = self._judge(name, outputs) if decoder.scored and self.pipeline.judges else None

        def run(output: Path, path: Paths) -> None:
            files = EvaluationFiles(
                path(self.test),
                path(outputs),
                path(scores) if scores else None,
                path(judged) if judged else None,
            )
            evaluate(files, output, oracle=self.pipeline.oracle)

        stage = Stage(
            f"evaluated/{name}",
            f"evaluated/{name}.jsonl",
            run,
            {"oracle": self.pipeline.oracle},
            (self.test, outputs, *filter(None, (scores, judged))),
        )
        self.outputs[system.name, decoder.name] = outputs
        self._output_scores += [scores] if scores else []
        self._judged += [judged] if judged else []
        self.evaluated[system.name, decoder.name] = stage

    def _judge(self, name: str, outputs: Stage) -> Stage:
        judges, dtype = self.pipeline.judges, self._rows.dtype

        def run(output: Path, path: Paths) -> None:
            judge(judges, dtype, path(self.test), path(outputs), output)

        folders = {name: portable(folder) for name, folder in check_judges(judges).items()}
        settings = {"judges": folders, "dtype": dtype}
        inputs = (self.test, outputs)
        return Stage(f"judged/{name}", f"judged/{name}.jsonl", run, settings, inputs)


def seeded(pipeline: Pipeline) -> Pipeline:
    """The pipeline with its seed in every part that draws."""
    seed = pipeline.seed
    return dataclasses.replace(
        pipeline,
        qagen=with_seed(pipeline.qagen, seed),
        mle=with_seed(pipeline.mle, seed),
        conseq=with_seed(pipeline.conseq, seed),
        test=tuple(world_seed(source, seed) for source in pipeline.test),
        clean_test=tuple(world_seed(source, seed) for source in pipeline.clean_test),
    )


def search_settings(search: BeamSearch | Sampling) -> dict[str, object]:
    """A search or sampling as settings, its kinds named."""
    settings: dict[str, object] = dataclasses.asdict(search)
    if isinstance(search, Sampling) and search.filter is not None:
        settings["filter"] = {"type": type(search.filter).__name__, **vars(search.filter)}
    return {"type": type(search).__name__} | settings


def until(stages: list[Stage], name: str) -> Iterator[Stage]:
    """The stages up to and with the last whose name is ``name`` or begins with ``name/``."""
    hits = [i for i, s in enumerate(stages) if s.name == name or s.name.startswith(name + "/")]
    if not hits:
        known = ", ".join(dict.fromkeys(stage.name.split("/")[0] for stage in stages))
        raise ValueError(f"no stage {name!r} (stages: {known})")
    yield from stages[: hits[-1] + 1]
