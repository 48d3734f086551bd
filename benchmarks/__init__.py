"""Long studies: python -m benchmarks."""
