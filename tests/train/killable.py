"""`python -m train` that kills itself in the midst of what the variable FAULT names."""

import os
import resource
import signal
import sys

from orbax.checkpoint import JsonCheckpointHandler

from quals_jax.checkpoints import file_manifest, training_state
from quals_jax.checkpoints.training_state import TrainingStore
from quals_jax.text.tokenizer import Tokenizer
from train import command

_TRACKERS = ("clu", "comet_ml", "mlflow", "tensorboard", "tensorboardX", "wandb")


def main(arguments: list[str]) -> int:
    """The exit status of the command, if it comes to its end."""
    fault = os.environ.get("FAULT")
    if fault:
        globals()[fault]()
    return command.main(arguments)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _of_second_checkpoint(do, instead):
    """``do`` until it has been called for one checkpoint, then ``instead``."""
    calls = []

    def called(self, *args, **kwargs):
        calls.append(self)
        return do(self, *args, **kwargs) if len(calls) == 1 else instead(self, *args, **kwargs)

    return called


def before_manifest() -> None:
    _patch_manifest(lambda folder, *, without: _die())


def inside_manifest() -> None:
    def half(folder, *, without):
        file_manifest.write_manifest(folder, without=without)
        path = folder / file_manifest.MANIFEST
        os.truncate(path, path.stat().st_size // 2)
        _die()

    _patch_manifest(half)


def before_commit() -> None:
    def whole(folder, *, without):
        file_manifest.write_manifest(folder, without=without)
        _die()

    _patch_manifest(whole)


def _patch_manifest(instead) -> None:
    def only_of_checkpoints(folder, **options):
        of_run = folder.parent.name == "checkpoints"
        (second if of_run else file_manifest.write_manifest)(folder, **options)

    second = _of_second_checkpoint(file_manifest.write_manifest, instead)
    training_state.write_manifest = only_of_checkpoints


def between_items() -> None:
    """The data are written after the arrays were begun."""

    async def only_of_checkpoints(self, directory, *args, **kwargs):
        # The best parameters on dev do not wait until the first checkpoint is complete.
        of_run = "checkpoints" in directory.parts
        return await (second if of_run else save)(self, directory, *args, **kwargs)

    save = JsonCheckpointHandler.async_save
    second = _of_second_checkpoint(save, lambda *_, **__: _die())
    JsonCheckpointHandler.async_save = only_of_checkpoints


def inside_export() -> None:
    save = Tokenizer.save

    def last(self, folder, **options):
        save(self, folder, **options)
        if "tokenizer" not in folder.name:
            _die()

    Tokenizer.save = last


def inside_tokenizer() -> None:
    save = Tokenizer.save

    def half(self, folder, **options):
        save(self, folder, **options)
        for path in folder.iterdir():
            os.truncate(path, path.stat().st_size // 2)
        _die()

    Tokenizer.save = half


def full_disk() -> None:
    """From the second save on no file can grow above 64 KiB, which messages never do."""

    def full(self, *args, **options):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
        save(self, *args, **options)

    save = TrainingStore.save
    TrainingStore.save = _of_second_checkpoint(save, full)


def no_trackers() -> None:
    """None of the services that people log to can be imported."""

    class Refuse:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name.partition(".")[0] in _TRACKERS:
                raise RuntimeError(f"{name} is out of order")

    sys.meta_path.insert(0, Refuse)
