"""Sweeps: grids of settings around a pipeline."""
