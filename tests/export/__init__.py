"""Tests of what needs PyTorch: run by `make test-export`, skipped where it is not installed."""
