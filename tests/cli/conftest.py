"""A small QAGen that writes real pairs, rows for it, and the command in this process."""

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from quals_jax import cli
from quals_jax.checkpoints.model_folder import save_model_folder
from quals_jax.text.bpe_files import read_bpe_files
from quals_jax.text.tokenizer import Tokenizer
from tests import golden_files, golden_models

# Enough beams for pairs that pass the filter, few enough to compile and search in no time.
FEW_BEAMS = ("--num-beams", "12", "--max-pair-tokens", "20")


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory) -> Path:
    """The recorded toy QAGen without the 47,000 tokens that its texts never use."""
    config, params = golden_models.load("full_p")
    files = read_bpe_files(golden_files.path("bpe"))
    tokens = sorted(files.vocab, key=files.vocab.__getitem__)
    vocab = {token: i for i, token in enumerate(tokens)}
    old_ids = [files.vocab[token] for token in tokens if token != "<mask>"]
    embedding = np.asarray(params["shared"]["embedding"])[old_ids]
    folder = tmp_path_factory.mktemp("models") / "qagen"
    save_model_folder(
        folder,
        dataclasses.replace(config, vocab_size=len(old_ids)),
        params | {"shared": {"embedding": embedding}},
        Tokenizer(dataclasses.replace(files, vocab=vocab)),
    )
    return folder


@pytest.fixture(scope="session")
def texts() -> list[tuple[str, str]]:
    """Four documents and summaries of like length: one compiled shape for three or four rows."""
    documents, summaries = (
        golden_files.read_text(f"e2e/test.{side}").split("\n") for side in ("source", "target")
    )
    return [(documents[i], summaries[i]) for i in (0, 2, 22, 23)]


def write_rows(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def read_rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def quals(capfdbinary):
    """Runs the command in this process: exit status, standard output (bytes), messages (text)."""

    def run(*arguments):
        capfdbinary.readouterr()
        try:
            status = cli.main([str(argument) for argument in arguments])
        except SystemExit as end:
            status = end.code
        out, messages = capfdbinary.readouterr()
        return SimpleNamespace(status=status, out=out, messages=messages.decode("utf-8"))

    return run
