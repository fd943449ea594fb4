"""Model folders, Hugging Face and fairseq checkpoints, training state."""
