"""A Ray cluster of two nodes, of which one is killed in the middle."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from diascope.errors import InputError
from diascope.training.launch import ray as launcher
from diascope.training.launch.job import Job

from . import runs

TWO_NODES = """
import sys, threading, time
from pathlib import Path
from ray.cluster_utils import Cluster
from diascope.training.launch import ray as launcher
from diascope.training.launch.job import Job

# a node without a sign of life for three seconds is lost; as it comes, it would be half a minute
health = {"health_check_period_ms": 1000, "health_check_failure_threshold": 3}
node = {"num_cpus": 2, "object_store_memory": 10**8}
head = node | {"include_dashboard": False, "_system_config": health}
cluster = Cluster(initialize_head=True, head_node_args=head)
lost = cluster.add_node(**node)
recipe, run = sys.argv[1], Path(sys.argv[2])

def kill():
    while not any((run / "checkpoints").glob("step-*")):
        time.sleep(0.05)
    cluster.remove_node(lost, allow_graceful=False)

import os
os.environ["RAY_ADDRESS"] = cluster.address
killer = threading.Thread(target=kill)
killer.start()
code = launcher.run(Job(recipe, (), run, processes=2))
killer.join()
cluster.shutdown()
sys.exit(code)
"""


@pytest.mark.slow
@pytest.mark.ray
def test_a_node_that_is_lost_costs_the_steps_since_the_last_checkpoint(
    recipe: Path, whole: runs.Metrics, tmp_path: Path
) -> None:
    """The driver is a process of its own, which this one's lack of sockets does not bind."""
    pytest.importorskip("ray")
    quiet = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}
    done = subprocess.run(
        [sys.executable, "-c", TWO_NODES, recipe, tmp_path / "run"],
        env=os.environ | quiet,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    runs.same(tmp_path / "run", whole)
    assert '"resumed"' in (tmp_path / "run" / "run.json").read_text()


def test_where_ray_is_missing_it_is_told_how_to_have_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"pip install 'diascope\[ray\]'"):
        launcher.run(Job("recipe.toml", (), tmp_path / "run"))


def test_a_cluster_that_is_too_small_is_told() -> None:
    job = Job("recipe.toml", (), Path("run"), processes=4)
    with pytest.raises(InputError, match="the cluster has 2"):
        launcher._share({"CPU": 2.0}, job)
    assert launcher._share({"CPU": 4.0, "GPU": 4.0}, job) == {"CPU": 1, "GPU": 1}
    assert launcher._share({"CPU": 4.0, "GPU": 1.0}, job) == {"CPU": 1}
