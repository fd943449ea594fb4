"""The QAGen that comes with the package: small, trained by `experiments/open_qagen.py`."""

from pathlib import Path

OPEN_QAGEN = Path(__file__).parents[1] / "open_qagen"
THE_OPEN_QAGEN = "the small QAGen that comes with quals-jax"
