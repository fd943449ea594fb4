"""Long jobs over many rows that stop and resume."""
