"""Claims about speed and memory, measured: `python -m benchmarks [NAME …]`."""
