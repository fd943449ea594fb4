"""Search and sampling over one step callback."""
