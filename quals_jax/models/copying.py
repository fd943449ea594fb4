"""Parameters to begin with of a BART that already copies.

From random parameters a small BART takes thousands of updates until it finds words of its source
again, and until then a loss says little about anything else. `copying_params` builds the circuit
that trained models form (an induction head: Olsson et al. 2022) into otherwise random parameters,
as Trockman & Kolter (2023) build in attention that looks like trained attention. All of it is
trained on; the architecture is BART's.

The width is split in three: a code of the position, a random code of the token, and room for the
code of the token before.

- Encoder, layer 0: every position attends to the one before and stores its token there.
- Decoder, layer 0: every position attends to itself and moves its token to the same place, where
  the tied vocabulary projection does not take it for the next token.
- Decoder, last layer, to the source: looks for the position whose token before is the token just
  written, and adds the token that stands there.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from quals_jax.models.bart import init_params
from quals_jax.models.config import BartConfig
from quals_jax.models.parameters import Params

# Softmax scores of the right position above those of an unlike one, in nats.
_POSITION_SHARPNESS = 30.0
_TOKEN_SHARPNESS = 14.0
_COPY_GAIN = 2.0  # of the copied token, over what else a normalised hidden state holds
_OTHER_SCALE = 0.2  # of the random part of the embeddings
_HIGHEST_FREQUENCY, _LOWEST_FREQUENCY = 2.0, 1 / 200  # of the code of positions, radians per token


@dataclasses.dataclass(frozen=True)
class _Places:
    """Which of the D numbers of a hidden state hold what."""

    position: slice
    token: slice
    before: slice
    head_width: int

    @classmethod
    def of(cls, config: BartConfig, num_heads: int) -> "_Places":
        head_width = config.d_model // num_heads
        position = min(config.d_model // 8, head_width) // 2 * 2
        token = (config.d_model - position) // 2
        if position < 2:
            raise ValueError(f"d_model {config.d_model} is too narrow to copy with")
        ends = position, position + token, position + 2 * token
        return cls(slice(0, ends[0]), slice(*ends[:2]), slice(*ends[1:]), head_width)

    def heads(self) -> list[tuple[slice, slice]]:
        """(rows of a head, numbers of a token code that it carries) of the heads that copy."""
        size, width = self.token.stop - self.token.start, self.head_width
        count = -(-size // width)
        bounds = [size * i // count for i in range(count + 1)]
        return [
            (slice(i * width, i * width + bounds[i + 1] - bounds[i]), slice(*bounds[i : i + 2]))
            for i in range(count)
        ]


def copying_params(config: BartConfig, seed: int) -> Params:
    """Random parameters, as `init_params` draws them, with the circuit that copies.

    ``config.init_std`` .02 leaves the circuit clear of the rest. Raises ValueError where the
    model is too narrow, or encoder and decoder differ in their heads.
    """
    if config.encoder_heads != config.decoder_heads:
        raise ValueError(
            f"encoder_heads {config.encoder_heads} and decoder_heads {config.decoder_heads} must "
            "be the same to copy"
        )
    places = _Places.of(config, config.encoder_heads)
    params = jax.tree.map(np.array, init_params(config, seed))
    rng = np.random.default_rng([seed, 1])
    _code_embeddings(params, places, rng)

    first = params["encoder"]["layers_0"]["self_attn"]
    _attend_to_position(first, places, back=1, d_model=config.d_model)
    _carry_token(first, places, [(places.before, 1.0)])
    first = params["decoder"]["layers_0"]["self_attn"]
    _attend_to_position(first, places, back=0, d_model=config.d_model)
    _carry_token(first, places, [(places.before, 1.0), (places.token, -1.0)])
    last = params["decoder"][f"layers_{config.decoder_layers - 1}"]["encoder_attn"]
    _attend_to_token(last, places, config.d_model, rng)
    _carry_token(last, places, [(places.token, _COPY_GAIN)])
    return jax.tree.map(jnp.asarray, params)


def _frequencies(places: _Places) -> np.ndarray:
    return np.geomspace(_HIGHEST_FREQUENCY, _LOWEST_FREQUENCY, places.position.stop // 2)


def _code_embeddings(params: Params, places: _Places, rng: np.random.Generator) -> None:
    """Unit vectors for tokens and positions, each in its place."""
    table_VD = params["shared"]["embedding"]
    table_VD *= _OTHER_SCALE
    codes = rng.standard_normal(table_VD[:, places.token].shape, dtype=np.float32)
    table_VD[:, places.token] = codes / np.linalg.norm(codes, axis=1, keepdims=True)
    frequencies = _frequencies(places)
    for side in ("encoder", "decoder"):
        table_PD = params[side]["positions"]["embedding"]
        table_PD *= _OTHER_SCALE
        angles = np.arange(len(table_PD))[:, None] * frequencies
        codes = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
        table_PD[:, places.position] = codes / np.sqrt(len(frequencies))


def _attend_to_position(attention: Params, places: _Places, back: int, d_model: int) -> None:
    """Queries turned back by ``back`` positions, so that they equal that position's key."""
    width, size = places.head_width, places.position.stop
    # A normalised input has length sqrt(D), half of its square in the position.
    gain = np.sqrt(_POSITION_SHARPNESS * np.sqrt(width) / (d_model / 2))
    angles = _frequencies(places) * back
    cos, sin = np.diag(np.cos(angles)), np.diag(np.sin(angles))
    turn = np.block([[cos, sin], [-sin, cos]])
    for rows, _ in places.heads():
        head = slice(rows.start, rows.start + width)
        for name, matrix in (("q_proj", turn), ("k_proj", np.eye(size))):
            kernel_OI = attention[name]["kernel"]
            kernel_OI[head] = 0.0
            kernel_OI[rows.start : rows.start + size, places.position] = gain * matrix


def _attend_to_token(
    attention: Params, places: _Places, d_model: int, rng: np.random.Generator
) -> None:
    """Queries and keys by the token before, projected to what a head has room for."""
    width, size = places.head_width, places.token.stop - places.token.start
    # Of the source's square a third is the token before's; of the target's half is, since its token
    # has moved, which makes this half as sharp again. A projection keeps its share.
    rank = min(width, size)
    gain = np.sqrt(_TOKEN_SHARPNESS * np.sqrt(width) / (d_model / 3) * size / rank)
    for rows, _ in places.heads():
        left, _, right = np.linalg.svd(rng.standard_normal((rank, size)), full_matrices=False)
        for name in ("q_proj", "k_proj"):
            kernel_OI = attention[name]["kernel"]
            kernel_OI[rows.start : rows.start + width] = 0.0
            kernel_OI[rows.start : rows.start + rank, places.before] = gain * (left @ right)


def _carry_token(attention: Params, places: _Places, targets: list[tuple[slice, float]]) -> None:
    """Values are the code of the attended token; it is added to ``targets``, times a gain."""
    value_OI, out_OI = attention["v_proj"]["kernel"], attention["out_proj"]["kernel"]
    for rows, part in places.heads():
        head = slice(rows.start, rows.start + places.head_width)
        value_OI[head] = 0.0
        out_OI[:, head] = 0.0
        unit = np.eye(part.stop - part.start)
        value_OI[rows, places.token][:, part] = unit
        for target, gain in targets:
            out_OI[target, rows][part] = gain * unit
