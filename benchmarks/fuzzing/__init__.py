"""Broken input for `benchmarks/fuzz.py` and `tests/e2e/test_fuzz.py`: what makes it, what checks it, who watches."""
