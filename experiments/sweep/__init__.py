"""Many runs of one pipeline: ``python -m experiments.sweep plan|run|status|retry|table SWEEP``."""
