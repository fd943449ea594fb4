"""Parameter paths of our BART <-> tensor names of fairseq and Hugging Face.

Both hold the tied token table under several names; kernels are ``[d_out, d_in]`` there as here.

>>> params = params_from_torch(tensors, config, "model.safetensors")     # nested dict, float32
>>> tensors = params_to_torch(params, config)                            # Hugging Face's names
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from quals_jax.checkpoints.weight_file import CheckpointError
from quals_jax.models.config import BartConfig

MAX_DIFF_LINES = 20
_TIED_NAMES = (
    "shared.weight",
    "encoder.embed_tokens.weight",
    "decoder.embed_tokens.weight",
    "decoder.output_projection.weight",
    "lm_head.weight",
)
_LOGITS_BIAS = "final_logits_bias"
# Buffers without meaning: a version stamp and a device marker of fairseq.
_BUFFERS = re.compile(r"(encoder|decoder)\.(version|embed_positions\._float_tensor)$")
_HEADS = re.compile(r"classification_heads?\.")
_SHARED = "shared/embedding"


def expected_shapes(config: BartConfig) -> dict[str, tuple[int, ...]]:
    """Shape of every parameter by its path, ``encoder/layers_0/fc1/kernel`` and so on."""
    D = config.d_model
    shapes: dict[str, tuple[int, ...]] = {_SHARED: (config.vocab_size, D)}

    def norm(path: str) -> None:
        shapes.update({f"{path}/scale": (D,), f"{path}/bias": (D,)})

    def linear(path: str, d_in: int, d_out: int) -> None:
        shapes.update({f"{path}/kernel": (d_out, d_in), f"{path}/bias": (d_out,)})

    for stack, num_layers, F, attentions in (
        ("encoder", config.encoder_layers, config.encoder_ffn_dim, ("self_attn",)),
        ("decoder", config.decoder_layers, config.decoder_ffn_dim, ("self_attn", "encoder_attn")),
    ):
        shapes[f"{stack}/positions/embedding"] = (config.max_positions + 2, D)
        norm(f"{stack}/layernorm_embedding")
        for layer in (f"{stack}/layers_{i}" for i in range(num_layers)):
            for attention in attentions:
                for projection in ("q_proj", "k_proj", "v_proj", "out_proj"):
                    linear(f"{layer}/{attention}/{projection}", D, D)
                norm(f"{layer}/{attention}_layer_norm")
            linear(f"{layer}/fc1", D, F)
            linear(f"{layer}/fc2", F, D)
            norm(f"{layer}/final_layer_norm")
    return shapes


def torch_name(path: str) -> str:
    """PyTorch's name of a parameter, without Hugging Face's leading ``model.``."""
    name = path.replace("/positions/", "/embed_positions/")
    name = re.sub(r"/layers_(\d+)/", r"/layers/\1/", name)
    name = re.sub(r"/(kernel|scale|embedding)$", "/weight", name)
    return name.replace("/", ".")


def params_from_torch(
    tensors: Mapping[str, np.ndarray], config: BartConfig, where: str
) -> dict[str, Any]:
    """Our parameter tree (float32) from fairseq's or Hugging Face's tensors, strictly.

    Accepted besides the parameters: further names of the tied token table (with the same values),
    an all-zero ``final_logits_bias``, fairseq's ``version`` and ``_float_tensor`` buffers, its
    joined ``in_proj`` of old checkpoints, and classification heads, which are left out.

    Raises:
        CheckpointError: missing, unknown or differently shaped tensors (as a sorted diff), or
            values that are not finite.
    """
    if max(config.encoder_layers, config.decoder_layers) > len(tensors):
        raise CheckpointError(
            f"{where} has {len(tensors)} tensors, too few for {config.encoder_layers} + "
            f"{config.decoder_layers} layers; give the configuration that belongs to these weights"
        )
    found = _without_exceptions(_split_in_proj(_unprefixed(tensors, where), where), where)
    wanted = {torch_name(path): (path, shape) for path, shape in expected_shapes(config).items()}
    return tree_of_tensors(wanted, found, where)


Wanted = Mapping[str, tuple[str, tuple[int, ...]]]  # PyTorch's name -> our path, our shape


def tree_of_tensors(wanted: Wanted, found: Mapping[str, np.ndarray], where: str) -> dict[str, Any]:
    """The parameter tree (float32) of exactly the ``wanted`` tensors.

    Raises CheckpointError with a sorted diff, or for values that are not finite.
    """
    _check_diff(wanted, found, where)
    flat = {}
    for name, (path, _) in wanted.items():
        with np.errstate(over="ignore"):  # found and named below
            values = np.asarray(found[name]).astype(np.float32)
        if not np.isfinite(values).all():
            bad = int(values.size - np.isfinite(values).sum())
            raise CheckpointError(
                f"{where}: {name} has {bad:,} of {values.size:,} values that are NaN or infinite; "
                "the training that wrote it diverged, or the file is damaged"
            )
        flat[path] = values
    return nest(flat)


def params_to_torch(params: Mapping[str, Any], config: BartConfig) -> dict[str, np.ndarray]:
    """Hugging Face's tensors of a parameter tree, float32, the tied table once.

    Raises CheckpointError when the tree does not fit ``config`` or has values that are not finite.
    """
    wanted = {
        f"model.{torch_name(path)}": (path, shape)
        for path, shape in expected_shapes(config).items()
    }
    tensors = tensors_of_tree(wanted, params)
    tensors[_LOGITS_BIAS] = np.zeros((1, config.vocab_size), np.float32)
    return tensors


def tensors_of_tree(wanted: Wanted, params: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The inverse of `tree_of_tensors`: float32 tensors by PyTorch's names.

    Raises CheckpointError when the tree does not fit or has values that are not finite.
    """
    flat, paths = dict(flatten(params)), {path for path, _ in wanted.values()}
    missing = [f" - model wants {path}" for path in sorted(paths - flat.keys())]
    extra = [f" + there is {path}" for path in sorted(flat.keys() - paths)]
    if missing or extra:
        raise CheckpointError(
            "\n".join(["the parameters do not fit the config:", *missing, *extra])
        )
    tensors = {}
    for name, (path, shape) in wanted.items():
        values = np.asarray(flat[path], np.float32)
        if values.shape != shape:
            raise CheckpointError(f"{path} has shape {list(values.shape)}, expected {list(shape)}")
        if not np.isfinite(values).all():
            raise CheckpointError(f"{path} has values that are NaN or infinite; not written")
        tensors[name] = values
    return tensors


def flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """``(path, leaf)`` of a nested dict, keys joined by ``/``."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{key}/")
        else:
            yield f"{prefix}{key}", value


def nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    """The nested dict of ``{path: leaf}``."""
    tree: dict[str, Any] = {}
    for path, value in flat.items():
        *parents, last = path.split("/")
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[last] = value
    return tree


def _unprefixed(tensors: Mapping[str, np.ndarray], where: str) -> dict[str, np.ndarray]:
    found = {name.removeprefix("model."): values for name, values in tensors.items()}
    if len(found) != len(tensors):
        raise CheckpointError(f"{where} has tensors both with and without the prefix 'model.'")
    return found


def _split_in_proj(found: dict[str, np.ndarray], where: str) -> dict[str, np.ndarray]:
    """Early fairseq kept the query, key and value projections as one tensor."""
    split = {}
    for name, values in found.items():
        joined = re.fullmatch(r"(.*_attn\.)in_proj_(weight|bias)", name)
        if joined is None:
            split[name] = values
        elif not values.ndim or len(values) % 3:
            raise CheckpointError(f"{where}: {name} {list(values.shape)} is not three projections")
        else:
            for projection, part in zip("qkv", np.split(values, 3), strict=True):
                split[f"{joined[1]}{projection}_proj.{joined[2]}"] = part
    return split


def _without_exceptions(found: Mapping[str, np.ndarray], where: str) -> dict[str, np.ndarray]:
    """Leaves out what is known to have no counterpart, after checking that it says nothing new."""
    kept = {}
    table_name = next((name for name in _TIED_NAMES if name in found), None)
    for name, values in found.items():
        if name in _TIED_NAMES:
            table = found[str(table_name)]
            # Compared as bytes: NaN must not look like a difference here.
            same = values is table or (
                values.shape == table.shape
                and values.dtype == table.dtype
                and values.tobytes() == table.tobytes()
            )
            if not same:
                raise CheckpointError(
                    f"{where}: {name} differs from {table_name}; only BART models whose input and "
                    "output token tables are tied can be read"
                )
            kept["shared.weight"] = table
        elif name == _LOGITS_BIAS:
            if np.any(np.asarray(values).astype(np.float32) != 0):
                raise CheckpointError(f"{where}: {name} is not zero; such a bias is not supported")
        elif not _BUFFERS.match(name) and not _HEADS.match(name):
            kept[name] = values
    return kept


def ignored_heads(names: Iterable[str]) -> list[str]:
    """The classification-head tensors among ``names``, which `params_from_torch` leaves out."""
    return sorted(name for name in names if _HEADS.match(name.removeprefix("model.")))


def _check_diff(wanted: Wanted, found: Mapping[str, np.ndarray], where: str) -> None:
    lines = []
    for name in sorted(wanted.keys() | found.keys()):
        path, shape = wanted.get(name, ("", ()))
        if name in found and path and found[name].shape == shape:
            continue
        if path:
            lines.append(f" - model wants {path} {list(shape)} ({name})")
        if name in found:
            lines.append(f" + file has {name} {list(found[name].shape)}")
    if lines:
        more = len(lines) - MAX_DIFF_LINES
        shown = [*lines[:MAX_DIFF_LINES], *([f" ... and {more} more"] if more > 0 else [])]
        header = f"{where} does not fit the model its configuration describes:"
        footer = "give the configuration that belongs to these weights"
        raise CheckpointError("\n".join([header, *shown, footer]))
