"""BART: its configuration and its modules."""
