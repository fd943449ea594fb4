"""Text to tokens and back: tokenizer, QA pairs, answer normalisation."""
