"""One file per metric of summaries."""
