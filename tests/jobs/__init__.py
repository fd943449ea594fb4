"""Resumable jobs."""
