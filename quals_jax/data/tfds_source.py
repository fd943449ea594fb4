"""Question-answer pairs and summaries from TensorFlow Datasets, without TensorFlow.

    for row_id, document, summary in tfds_summaries("xsum/level1:train:/data/tfds"):
        ...
    for row in tfds_qa_rows("squad/v1.1:validation"):
        ...

What is read is named ``NAME[/CONFIG]:SPLIT[:DATA_DIR]``. SPLIT may be a slice or a sum, as in
``train[:10%]`` or ``train+validation``; DATA_DIR is TFDS's own folder unless given. NAME without
CONFIG is the data set as TFDS makes it; where DATA_DIR holds none, its default configuration, which
is ``level1`` for what ``python -m experiments.prepare_data`` made.

Data sets are read from array_record files. Nothing is ever downloaded. TFDS shuffles while it
prepares, so the order of rows is its own, but the same on every machine.
"""

import hashlib
import importlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from quals_jax.data.corruption import one_line, text_lines
from quals_jax.data.qa_example import QAExample
from quals_jax.data.squad import question_rows

_SLICE = r"\w+(?:\[[^\]]*\])?"
_NAMED = re.compile(rf"(?P<name>[\w./-]+):(?P<split>{_SLICE}(?:\+{_SLICE})*)(?::(?P<dir>.+))?")
# Names of document and summary: ours and most of TFDS's, CNN/DailyMail's, SAMSum's.
_SUMMARY_FEATURES = (("document", "summary"), ("article", "highlights"), ("dialogue", "summary"))
# Data sets that TFDS knows only after their module is imported.
_LEGACY = {"cnn_dailymail", "xsum"}
_VERSION = re.compile(r"\d+\.\d+\.\d+")


@dataclass(frozen=True)
class TfdsName:
    """``NAME[/CONFIG]:SPLIT[:DATA_DIR]`` taken apart; an empty ``data_dir`` is TFDS's own."""

    name: str
    split: str
    data_dir: str = ""

    @classmethod
    def parse(cls, text: str) -> "TfdsName":
        """ValueError for what is not of that form."""
        found = _NAMED.fullmatch(text)
        if found is None:
            raise ValueError(
                f"data source tfds:{text}: expected tfds:NAME[/CONFIG]:SPLIT[:DATA_DIR], such as "
                "tfds:xsum/level1:train:/data/tfds"
            )
        return cls(found["name"], found["split"], found["dir"] or "")

    def __str__(self) -> str:
        return ":".join(part for part in ("tfds", self.name, self.split, self.data_dir) if part)


def tfds_qa_rows(text: str) -> Iterator[QAExample]:
    """Rows of SQuAD or of a data set with its features, as ``read_squad`` gives them.

    Raises FileNotFoundError where the data set is not prepared, ValueError for another format than
    array_record, for an unknown split, and for features that are not SQuAD's.
    """
    named = TfdsName.parse(text)
    source, features = _open(named)
    _require(named, features, {"id", "context", "question", "answers"})
    for item in source:
        answers = [_text(answer) for answer in item["answers"]["text"]]
        yield from question_rows(
            _text(item["id"]), _text(item["context"]), _text(item["question"]), answers
        )


def tfds_summaries(text: str) -> Iterator[tuple[str, str, str]]:
    """(id, document, summary), each text in one line.

    Lines of TFDS's own XSum and CNN/DailyMail are joined by blanks after ``fix_missing_period``, as
    the official code joins them, those of other data sets as they are. No corruption filter is
    applied (TFDS's XSum comes without most share buttons' texts). Rows without an id feature
    (TFDS's XSum) get a hash of their texts, which does not depend on order, split or format; equal
    rows are told apart by #1, #2, ... Raises as ``tfds_qa_rows`` does.
    """
    named = TfdsName.parse(text)
    source, features = _open(named)
    pair = next((p for p in _SUMMARY_FEATURES if set(p) <= set(features)), _SUMMARY_FEATURES[0])
    _require(named, features, set(pair))
    join = one_line if named.name.partition("/")[0] in _LEGACY else " ".join
    seen: Counter[str] = Counter()
    for item in source:
        document, summary = (join(text_lines(_text(item[feature]))) for feature in pair)
        if "id" in features:
            yield _text(item["id"]), document, summary
            continue
        name = _content_id(document, summary)
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name}#{seen[name] - 1}", document, summary


def _content_id(*texts: str) -> str:
    joined = "\0".join(texts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(joined, digest_size=8).hexdigest()


def _text(value: bytes | str) -> str:
    """TFDS gives bytes from files and str from its mock data."""
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _require(named: TfdsName, features: Mapping[str, Any], wanted: set[str]) -> None:
    if missing := wanted - set(features):
        raise ValueError(
            f"{named}: expected features {', '.join(sorted(wanted))}; {', '.join(sorted(missing))} "
            f"missing, there are {', '.join(features)}"
        )


def _open(named: TfdsName) -> tuple[Any, Mapping[str, Any]]:
    """The rows (``len()``, ``[i]``) and the features of a prepared data set."""
    import tensorflow_datasets as tfds

    data_dir = named.data_dir or tfds.core.constants.DATA_DIR
    folder = _prepared_folder(data_dir, named.name)
    if folder is not None:
        builder: Any = tfds.builder_from_directory(folder)
    else:
        builder = _builder_by_code(named, data_dir)
    try:
        return builder.as_data_source(named.split), builder.info.features
    except NotImplementedError:
        raise ValueError(
            f"{named}: {builder.data_dir} is prepared as {builder.info.file_format.value}, which "
            "only TensorFlow reads. Prepare it from the raw files by "
            f"{_how_to_prepare(named.name)}, or where TensorFlow is installed convert it by "
            f"tfds convert_format --dataset_version_dir={builder.data_dir} "
            "--out_file_format=array_record --out_dir=..."
        ) from None
    except (AssertionError, KeyError) as error:
        raise _not_prepared(named, data_dir) from error


def _prepared_folder(data_dir: str, name: str) -> Any:
    """The newest version of the data set in the folder, None where there is none."""
    from etils import epath

    root = epath.Path(os.path.expanduser(data_dir)) / name
    versions = _versions(root)
    default = root / ".config" / "metadata.json"  # TFDS's note of the default configuration
    if not versions and default.exists():
        versions = _versions(root / json.loads(default.read_text())["default_config_name"])
    return max(versions, key=lambda path: [int(n) for n in path.name.split(".")], default=None)


def _versions(folder: Any) -> list[Any]:
    """Prepared versions, and nothing that is still being written."""
    paths = folder.iterdir() if folder.exists() else ()
    return [p for p in paths if _VERSION.fullmatch(p.name) and (p / "features.json").exists()]


def _builder_by_code(named: TfdsName, data_dir: str) -> Any:
    """TFDS's own builder of a data set that is not there; what TFDS mocks is read through it."""
    import tensorflow_datasets as tfds

    if named.name in _LEGACY:
        importlib.import_module(f"tensorflow_datasets.summarization.{named.name}")
    try:
        # TFDS's default, TFRecord, cannot be read without TensorFlow.
        return tfds.builder(named.name, data_dir=data_dir, file_format="array_record")
    except (tfds.core.registered.DatasetNotFoundError, ValueError) as error:
        raise _not_prepared(named, data_dir) from error


def _not_prepared(named: TfdsName, data_dir: str) -> FileNotFoundError:
    from etils import epath

    root = epath.Path(os.path.expanduser(data_dir))
    base = named.name.partition("/")[0]
    there = [
        str(version.relative_to(root))
        for folder in (root / base, *(_folders(root / base)))
        for version in _versions(folder)
    ]
    found = f"; prepared there: {', '.join(sorted(there))}" if there else ""
    return FileNotFoundError(
        f"{named}: not prepared in {root}{found}. Prepare it from local files by "
        f"{_how_to_prepare(named.name, data_dir)}"
    )


def _folders(folder: Any) -> list[Any]:
    return [path for path in folder.iterdir() if path.is_dir()] if folder.exists() else []


def _how_to_prepare(name: str, data_dir: str = "DIR") -> str:
    base, _, config = name.partition("/")
    if base not in {*_LEGACY, "squad"}:
        return f"tfds build {name} --file_format=array_record --data_dir={data_dir}"
    level = re.match(r"level([012])", config)
    option = f" --corruption-level {level[1]}" if level else ""
    return f"python -m experiments.prepare_data {base} --from RAW --data-dir {data_dir}{option}"
