"""diascope doctor: what is installed, and a self-test."""

import typer

from diascope.cli.options import AsJson, print_json


def doctor(as_json: AsJson = False) -> None:
    """Check the installation, and test it."""
    from diascope.health import doctor as examine

    health = examine()
    if as_json:
        print_json(health)
    else:
        for check in health.checks:
            print(f"{'ok  ' if check.passed else 'FAIL'}  {check.name}: {check.found}")
    if not health.passed:
        raise typer.Exit(1)
