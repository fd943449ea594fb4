"""Training: losses, optimizers, one step, one loop."""
