"""Tests of what the service does without Claude."""
