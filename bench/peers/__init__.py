"""The same jobs by quals-jax and by other libraries, in turn on one machine: bench/README.md."""
