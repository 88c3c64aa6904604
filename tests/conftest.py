"""What all tests share: steady property tests, a drawn record file, and a list of real-data tests.

Property tests draw the same examples in every run, so that a red run is the change's own doing; the
nightly run explores with `--hypothesis-profile=explore`.
"""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# no deadlines: two workers share two cores, and the first text drawn builds Unicode's tables
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("steady", settings.get_profile("explore"), derandomize=True)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def phantom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record file of a dozen phantom patients, drawn once a session; read it, never write it."""
    from diascope.recordfile import write_records
    from diascope.sources.phantom import PhantomSettings, generate

    folder = tmp_path_factory.mktemp("phantom")
    drawn = PhantomSettings(seed=5, patients=12, style="A", train=0.6, val=0.2)
    write_records(folder / "records.jsonl", generate(folder, drawn))
    return folder / "records.jsonl"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List which tests on real data ran, and which were skipped for want of it."""
    for outcome in ("passed", "failed", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            if "real_data" in report.keywords:
                terminalreporter.write_line(f"real data: {outcome} {report.nodeid}")
