"""The part of quals.json that ties it to the other files of its model folder."""

import dataclasses
from pathlib import Path
from typing import TypeVar

from quals_jax.checkpoints.huggingface import CONFIG_NAME, weight_files, weights_sha256
from quals_jax.checkpoints.weight_file import CheckpointError, describe_file, sha256_file

Self = TypeVar("Self", bound="FolderHashes")


@dataclasses.dataclass(frozen=True, kw_only=True)
class FolderHashes:
    """Filled in when a folder is written and checked when it is read."""

    weights_sha256: str = ""
    weights_bytes: int = 0
    tokenizer_sha256: str = ""
    config_sha256: str = ""

    def with_hashes(self: Self, folder: Path, tokenizer_sha256: str) -> Self:
        """The same settings with the hashes of what ``folder`` holds now."""
        return dataclasses.replace(
            self,
            weights_sha256=weights_sha256(folder),
            weights_bytes=sum(file.stat().st_size for file in weight_files(folder)),
            tokenizer_sha256=tokenizer_sha256,
            config_sha256=sha256_file(folder / CONFIG_NAME),
        )

    def check(self, folder: Path, tokenizer_sha256: str) -> None:
        """Raises CheckpointError, naming the file, where ``folder`` holds something else."""
        remedy = "copy the folder again, or convert the checkpoint again"
        if weights_sha256(folder) != self.weights_sha256:
            file = weight_files(folder)[0]
            raise CheckpointError(
                f"{file} is not the file this folder was written with: {describe_file(file)}; "
                f"expected {self.weights_bytes:,} bytes, sha256 {self.weights_sha256}; {remedy}"
            )
        if tokenizer_sha256 != self.tokenizer_sha256:
            raise CheckpointError(
                f"{folder}: this is not the tokenizer of the model (found {tokenizer_sha256}, "
                f"expected {self.tokenizer_sha256}); {remedy}"
            )
        found = sha256_file(folder / CONFIG_NAME)
        if found != self.config_sha256:
            raise CheckpointError(
                f"{folder / CONFIG_NAME} has changed since the folder was written (sha256 {found}, "
                f"expected {self.config_sha256}); {remedy}"
            )
