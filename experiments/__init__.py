"""Experiments: values of the training configuration, and the demo."""
