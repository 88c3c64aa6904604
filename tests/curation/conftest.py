"""Marks of the tests that need another program."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Register them."""
    config.addinivalue_line("markers", "ray: needs Ray, and starts a cluster on this machine")
    config.addinivalue_line("markers", "slurm: needs SLURM and munge, and starts them as root")
