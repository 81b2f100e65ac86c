"""Benchmarks: each figure beside its limit, measured in the same run. They are no tests; see docs/performance.md."""
