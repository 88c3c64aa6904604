"""Shards as tasks of a Ray cluster of two nodes, of which one is killed in the middle."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from diascope.curation.prepare import PrepareOptions, prepare
from diascope.errors import InputError

from . import layout

TWO_NODES = """
import json, sys, time
from pathlib import Path
import ray
from ray.cluster_utils import Cluster
from diascope.curation.prepare import PrepareOptions, prepare

# a node without a sign of life for three seconds is lost; as it comes, it would be half a minute
health = {"health_check_period_ms": 1000, "health_check_failure_threshold": 3}
head = {"num_cpus": 1, "object_store_memory": 10**8, "include_dashboard": False}
head["_system_config"] = health
cluster = Cluster(initialize_head=True, head_node_args=head)
lost = cluster.add_node(num_cpus=1, object_store_memory=10**8)
ray.init(address=cluster.address, log_to_driver=False)
nodes = lambda: sum(node["Alive"] for node in ray.nodes())
counts = [nodes()]

def kill(done, total):
    if len(counts) == 1 and done < total:
        cluster.remove_node(lost, allow_graceful=False)
        counts.append(done)

options = PrepareOptions(launcher="ray", workers=4, shard_records=8)
prepare("jsonl", Path(sys.argv[1]), Path(sys.argv[2]), options, kill)
while nodes() > 1:
    time.sleep(0.1)
Path(sys.argv[3]).write_text(json.dumps([*counts, nodes()]))
ray.shutdown()
cluster.shutdown()
"""


@pytest.mark.ray
def test_a_node_that_is_lost_costs_nothing(tmp_path: Path) -> None:
    """The driver is a process of its own, which this one's lack of sockets does not bind."""
    pytest.importorskip("ray")
    root = layout.write(tmp_path / "root")
    prepare("jsonl", root, tmp_path / "whole")
    quiet = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}
    done = subprocess.run(
        [sys.executable, "-c", TWO_NODES, root, tmp_path / "out", tmp_path / "counts"],
        env=os.environ | quiet,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    before, at, after = json.loads((tmp_path / "counts").read_text())
    assert (before, after) == (2, 1)
    assert 0 < at < 63
    assert layout.tree(tmp_path / "out") == layout.tree(tmp_path / "whole")


def test_where_ray_is_missing_it_is_told_how_to_have_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    root = layout.write(tmp_path / "root")
    with pytest.raises(InputError, match=r"pip install 'diascope\[ray\]'"):
        prepare("jsonl", root, tmp_path / "out", PrepareOptions(launcher="ray"))


ALONE = """
import sys
from pathlib import Path
import ray
from diascope.curation.prepare import PrepareOptions, prepare
from diascope.errors import InputError

options = PrepareOptions(launcher="ray", workers=2, shard_records=16, on_error="stop")
try:
    prepare("jsonl", Path(sys.argv[1]), Path(sys.argv[2]), options)
except InputError as error:
    Path(sys.argv[3]).write_text(f"{ray.is_initialized()} {error}")
"""


@pytest.mark.ray
def test_without_a_cluster_this_machine_is_one(tmp_path: Path) -> None:
    """And what may not be left out stops it, tasks that still run included."""
    pytest.importorskip("ray")
    root = layout.write(tmp_path / "root")
    lines = (root / "records.jsonl").read_text().splitlines()
    (root / "records.jsonl").write_text("\n".join([*lines[:7], *lines[9:]]))
    done = subprocess.run(
        [sys.executable, "-c", ALONE, root, tmp_path / "out", tmp_path / "told"],
        env=os.environ | {"RAY_AUTH_MODE": "disabled"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    was_left, told = (tmp_path / "told").read_text().split(" ", 1)
    assert "or leave such things out with on_error=skip" in told
    assert was_left == "False"
    assert {path.name for path in tmp_path.iterdir()} == {"root", "told"}
