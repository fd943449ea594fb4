"""TFDS builders that write array_record files from rows at hand, without TensorFlow.

    builder = row_builder("xsum", "level1", {"train": rows}, "/data/tfds")
    builder.download_and_prepare()        # /data/tfds/xsum/level1/1.0.0

Import this module late: it imports TFDS. No builder here is registered with TFDS, so TFDS's own
builders of the same names stay what they are; what is written is read by
``tfds.builder_from_directory`` or by its name.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import tensorflow_datasets as tfds
from tensorflow_datasets.question_answering import qa_utils

Rows = Callable[[], Iterator[Mapping[str, Any]]]  # each with an "id"

# TFDS notes the first as what the name alone means.
CONFIGS = ("level1", "level0", "level2_rules", "level2_spacy")
VERSION = "1.0.0"
SQUAD_VERSION = "3.0.0"  # whose features these are


class _RowBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """Writes rows; TFDS shuffles them by the hash of their ids."""

    VERSION = tfds.core.Version(VERSION)

    def __init__(self, rows: Mapping[str, Rows], **options: Any):
        self.rows = rows
        # TFDS's default format, TFRecord, cannot be written without TensorFlow; its Parquet writer
        # loses rows (tensorflow-datasets 4.9.10).
        super().__init__(file_format="array_record", **options)

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        return {name: self._generate_examples(rows) for name, rows in self.rows.items()}

    def _generate_examples(self, rows: Rows) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for row in rows():
            yield row["id"], row


def _summary_info(builder: Any) -> Any:
    names = ("id", "document", "summary")
    return tfds.core.DatasetInfo(
        builder=builder,
        description="Stories and summaries, one line each.",
        features=tfds.features.FeaturesDict({name: tfds.features.Text() for name in names}),
        supervised_keys=("document", "summary"),
    )


class _Xsum(_RowBuilder, skip_registration=True):
    name = "xsum"
    BUILDER_CONFIGS: ClassVar = [tfds.core.BuilderConfig(name=name) for name in CONFIGS]

    def _info(self) -> Any:
        return _summary_info(self)


class _CnnDailymail(_RowBuilder, skip_registration=True):
    name = "cnn_dailymail"
    BUILDER_CONFIGS: ClassVar = [tfds.core.BuilderConfig(name=name) for name in CONFIGS]

    def _info(self) -> Any:
        return _summary_info(self)


class _Squad(_RowBuilder, skip_registration=True):
    name = "squad"
    VERSION = tfds.core.Version(SQUAD_VERSION)
    BUILDER_CONFIGS: ClassVar = [tfds.core.BuilderConfig(name="v1.1")]

    def _info(self) -> Any:
        return tfds.core.DatasetInfo(
            builder=self,
            description="SQuAD v1.1, as TFDS's own builder writes it.",
            features=qa_utils.squadlike_features(),
        )


_BUILDERS = {builder.name: builder for builder in (_Xsum, _CnnDailymail, _Squad)}


def row_builder(name: str, config: str, rows: Mapping[str, Rows], data_dir: str | Path) -> Any:
    """The builder of ``xsum``, ``cnn_dailymail`` or ``squad`` with these rows of each split."""
    return _BUILDERS[name](rows, config=config, data_dir=data_dir)
