"""The `quals` command."""
