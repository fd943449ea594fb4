"""The README.md of a model folder."""

from quals_jax.checkpoints.settings import EncoderSettings, QualsSettings
from quals_jax.checkpoints.weight_file import WeightType
from quals_jax.models.bert_config import BertConfig
from quals_jax.models.config import BartConfig

CARD_NAME = "README.md"

_CARD = """---
library_name: transformers
tags: [bart, quals-jax]
---

# {name}

A BART encoder-decoder written by quals-jax: {encoder_layers}+{decoder_layers} layers, width \
{d_model}, {vocab_size:,} tokens.

- Trained on: {training_data}
- Converted from: {source}
- Sources: {bos}, the text's BPE tokens (at most {max_source_tokens:,}), then `</s>`. The \
tokenizer files do this.
- Outputs: the decoder starts at `</s>`{forced}. Separator of question and answer: token \
{separator}.
- Weights: {weights}, sha256 `{weights_sha256}`.

```python
from quals_jax.checkpoints.model_folder import load_model_folder
model = load_model_folder("{name}")     # .config .params .tokenizer .quals
```

PyTorch: `transformers.AutoModelForSeq2SeqLM.from_pretrained("{name}")`. Pad sources on the right: \
transformers counts padding on the left as positions.
"""


def model_card(
    name: str, config: BartConfig, settings: QualsSettings, weights: WeightType = "float32"
) -> str:
    """What the model is and how sources must look, in Markdown."""
    forced = settings.forced_bos_id
    return _CARD.format(
        name=name,
        encoder_layers=config.encoder_layers,
        decoder_layers=config.decoder_layers,
        d_model=config.d_model,
        vocab_size=config.vocab_size,
        training_data=settings.training_data or "not recorded",
        source=settings.source or "nothing, trained with quals-jax",
        bos="`<s>`" if settings.add_bos else "no `<s>`",
        max_source_tokens=settings.max_source_tokens,
        forced="" if forced is None else f" and every output begins with token {forced}",
        separator="of the tokenizer" if settings.separator_id is None else settings.separator_id,
        weights=weights,
        weights_sha256=settings.weights_sha256,
    )


_ENCODER_CARD = """---
library_name: transformers
tags: [bert, quals-jax]
---

# {name}

A BERT encoder written by quals-jax: {encoder_layers} layers, width {d_model}, {vocab_size:,} \
tokens, with a head for {head}.

- Trained on: {training_data}
- Converted from: {source}
- Sources: two texts in one sequence, at most {max_tokens:,} tokens. The tokenizer files do this.
- Weights: float32, sha256 `{weights_sha256}`.

```python
from quals_jax.checkpoints.encoder_folder import load_encoder_folder
model = load_encoder_folder("{name}")     # .config .params .tokenizer .settings
```

PyTorch: `transformers.{auto}.from_pretrained("{name}")`.
"""


def encoder_card(name: str, config: BertConfig, settings: EncoderSettings) -> str:
    """What the encoder is, in Markdown."""
    is_span = config.head == "span"
    return _ENCODER_CARD.format(
        name=name,
        encoder_layers=config.encoder_layers,
        d_model=config.d_model,
        vocab_size=config.vocab_size,
        head="the answer to a question" if is_span else f"the classes {', '.join(config.labels)}",
        training_data=settings.training_data or "not recorded",
        source=settings.source or "nothing, trained with quals-jax",
        max_tokens=settings.max_tokens,
        weights_sha256=settings.weights_sha256,
        auto="AutoModelForQuestionAnswering" if is_span else "AutoModelForSequenceClassification",
    )
