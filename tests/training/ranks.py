"""Runs in several processes of one machine, for tests; libraries are loaded once for all of them.

python ranks.py RUNS.json      a list of [recipe, folder, number of processes, share of pictures]
"""

import json
import os
import socket
import subprocess
import sys
import traceback
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from diascope.batching import Example, Span
from diascope.configuration import dump_toml, load
from diascope.records import Case
from diascope.training import loop
from diascope.training.config import TrainConfig


class Asked(NamedTuple):
    """A run to be made."""

    config: TrainConfig
    out: Path
    size: int = 1
    sighted: float = 1.0
    """Share of the cases that keep their pictures."""


def together(folder: Path, *runs: Asked) -> list[list[dict[str, Any]]]:
    """Make the runs, one after the other, and return their metrics; a hang is an error."""
    told = []
    for number, asked in enumerate(runs):
        recipe = folder / f"{asked.out.name}-{number}.toml"
        recipe.write_text(dump_toml(asked.config))
        told.append([str(recipe), str(asked.out), asked.size, asked.sighted])
    (folder / "runs.json").write_text(json.dumps(told))
    words = [sys.executable, __file__, str(folder / "runs.json")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return [loop.metrics(asked.out) for asked in runs]


def place(rank: int, size: int, port: int) -> dict[str, str]:
    """What a launcher tells a process."""
    numbers = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": size, "MASTER_PORT": port}
    told = {name: str(number) for name, number in numbers.items()}
    return told | {"MASTER_ADDR": "127.0.0.1", "GLOO_SOCKET_IFNAME": "lo"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def run(recipe: str, out: str, size: int, sighted: float) -> list[int]:
    """The exit codes of its processes."""
    port = free_port()
    pids = [
        os.fork() or be_rank(recipe, out, place(rank, size, port), sighted) for rank in range(size)
    ]
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]


def be_rank(recipe: str, out: str, told: dict[str, str], sighted: float) -> int:
    code = 1
    try:
        os.environ |= told
        blind(sighted)
        loop.train(
            load(Path(recipe), [], TrainConfig), Path(out), (Path(out) / "run.json").exists()
        )
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def blind(sighted: float) -> None:
    """Take the pictures out of some of the cases, always the same."""
    course = loop.course

    def blinded(*given: Any) -> Sequence[Any]:
        legs = course(*given)
        return [replace(leg, feed=replace(leg.feed, supervise=strip(leg, sighted))) for leg in legs]

    if sighted < 1:
        loop.course = blinded


def strip(leg: Any, sighted: float) -> Any:
    image = leg.feed.model.image_id

    def stripped(case: Case, example: Example) -> Example:
        if zlib.crc32(case.id.encode()) / 2**32 < sighted:
            return example
        words = tuple(token for token in example.prefix if token != image)
        ways = (Span(0, len(words)),) if example.both_ways else ()
        return replace(example, prefix=words, canvases=(), both_ways=ways, shared=0)

    return stripped


if __name__ == "__main__":
    for each in json.loads(Path(sys.argv[1]).read_text()):
        codes = run(*each)
        if any(codes):
            sys.exit(f"{each[1]}: {codes}")
