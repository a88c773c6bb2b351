"""Benchmarks, one module for each hot path. `python -m benchmarks` writes RESULTS.md."""
