"""torchrun with two agents, of which one loses its worker."""

from pathlib import Path

import pytest

from ..ranks import free_port  # noqa: TID252 - tests are no installed package
from . import runs


@pytest.mark.slow
@pytest.mark.enable_socket
def test_a_worker_that_is_killed_is_started_again(
    recipe: Path, whole: runs.Metrics, tmp_path: Path
) -> None:
    """All go on from the last checkpoint, and each step is told once."""
    run, log = tmp_path / "run", tmp_path / "log"
    port = free_port()
    many = ("--launcher", "torchrun", "--nodes", "2", "--rendezvous", f"127.0.0.1:{port}")
    asked = runs.words(recipe, run, *many, "--resume")
    agents = [runs.started(asked, log) for _ in range(2)]
    runs.wait_for(lambda: runs.checkpointed(run) and runs.num_steps(run) >= 3, log)
    runs.kill_worker(run, "1")
    assert [agent.wait(timeout=300) for agent in agents] == [0, 0], log.read_text()[-5000:]
    runs.same(run, whole)
    assert '"resumed"' in (run / "run.json").read_text()
