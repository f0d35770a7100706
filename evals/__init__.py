"""Runs the sample requisitions through the live pipeline, so that prompts and models can be compared."""
