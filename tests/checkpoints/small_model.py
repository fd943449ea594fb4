"""A model folder's parts, small, and what a folder holds."""

from quals_jax.checkpoints.settings import QualsSettings
from quals_jax.models.bart import init_params
from quals_jax.models.config import BartConfig
from quals_jax.text.byte_bpe import train_byte_bpe

TEXTS = ["The cat sat on the mat.", "The dog sat on the cat."]
TOKENIZER = train_byte_bpe(TEXTS, 280)
CONFIG = BartConfig(
    vocab_size=TOKENIZER.vocab_size,
    d_model=12,
    encoder_layers=1,
    decoder_layers=2,
    encoder_heads=3,
    decoder_heads=2,
    encoder_ffn_dim=17,
    decoder_ffn_dim=19,
    max_positions=29,
)
PARAMS = init_params(CONFIG, seed=2)
SETTINGS = QualsSettings(separator_id=9, max_source_tokens=20, training_data="two sentences")


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}
