"""How well scores agree with what is known to be true."""
