"""A SLURM of one machine, on free ports and in a folder of its own, and its end."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scancel", "sinfo")
CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={control}
SlurmdPort={node}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CryptoType=crypto/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/control.pid
SlurmdPidFile={folder}/node.pid
SlurmctldLogFile={folder}/control.log
SlurmdLogFile={folder}/node.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
ReturnToService=2
SwitchType=switch/none
MpiDefault=none
SchedulerParameters=sched_interval=1
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> list[str]:
    """Programs that are not there, or what else is wanting."""
    away = [name for name in PROGRAMS if shutil.which(name) is None]
    return away + ([] if os.geteuid() == 0 else ["the rights of root"])


@contextmanager
def slurm(folder: Path) -> Iterator[dict[str, str]]:
    """A running cluster; what must be in the environment of whoever uses it."""
    environment = os.environ | {"SLURM_CONF": str(folder / "slurm.conf")}
    configured(folder)
    munge = folder / "munge"
    files = [f"--{name}={munge / name}" for name in ("socket", "key-file", "pid-file", "log-file")]
    commands = (
        ("munged", "-F", "--force", *files, f"--seed-file={munge / 'seed'}"),
        ("slurmctld", "-D", "-c"),
        ("slurmd", "-D", "-c"),
    )
    running = []
    try:
        for words in commands:
            with (folder / f"{words[0]}.out").open("wb") as said:
                running.append(subprocess.Popen(words, env=environment, stdout=said, stderr=said))
            if words[0] == "munged":
                wait_for((munge / "socket").exists)
        wait_for(lambda: "idle" in state(environment))
        yield environment
    finally:
        for process in reversed(running):
            process.kill()
            process.wait()


def configured(folder: Path) -> None:
    """The folders and files that it needs."""
    for name in ("state", "spool", "munge"):
        (folder / name).mkdir()
    key = folder / "munge" / "key-file"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o600)
    host = socket.gethostname().partition(".")[0]
    control, node = ports()
    text = CONFIGURATION.format(host=host, control=control, node=node, folder=folder)
    (folder / "slurm.conf").write_text(text)


def ports() -> tuple[int, int]:
    """Two that nobody listens on now."""
    with socket.socket() as first, socket.socket() as second:
        for each in (first, second):
            each.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]


def state(environment: dict[str, str]) -> str:
    """What the node is said to be doing."""
    words = ("sinfo", "--noheader", "--format=%T")
    return subprocess.run(
        words, env=environment, capture_output=True, text=True, check=False
    ).stdout


def wait_for(is_so) -> None:
    """Returns once it is; an error after half a minute."""
    end = time.monotonic() + 30
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError("SLURM did not start")
        time.sleep(0.1)
