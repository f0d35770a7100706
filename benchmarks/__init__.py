"""Benchmarks of the service against a fake Claude, as ratios within one run. See README.md here."""
