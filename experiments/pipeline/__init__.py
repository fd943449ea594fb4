"""The whole of ConSeq as one resumable program: ``python -m experiments.pipeline NAME``."""
