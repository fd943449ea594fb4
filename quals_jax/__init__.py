"""QUALS and ConSeq in JAX: measure and improve the factual consistency of summaries.

>>> from quals_jax import Quals
>>> metric = Quals.from_pretrained("path/to/qagen")
>>> results = metric.score(["The document."], ["Its summary."])
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = ["Quals", "QualsResult", "__version__"]

if TYPE_CHECKING:
    from quals_jax.metrics.quals import Quals as Quals
    from quals_jax.metrics.quals import QualsResult as QualsResult


def __getattr__(name: str) -> object:
    # JAX takes half a second to import: only those who score pay for it.
    if name in ("Quals", "QualsResult"):
        from quals_jax.metrics import quals

        return getattr(quals, name)
    raise AttributeError(f"module 'quals_jax' has no attribute {name!r}")
