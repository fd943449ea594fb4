"""Rows, readers and writers, training examples, the synthetic world."""
