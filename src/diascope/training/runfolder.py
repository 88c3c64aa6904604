"""A run's folder: what it was told, what it ran on, what it logged, what it made.

config.toml  the resolved configuration      run.json       versions, commit, data, mixture
metrics.jsonl  one line a step               checkpoints/   whole ones only
model/       the best weights, once the run has ended
adapter/     of a run of low-rank updates: the same, apart from what it began with
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diascope.configuration import dump_toml, load
from diascope.environment import commit, versions
from diascope.errors import InputError
from diascope.imaging.handover import Made, ours, records_profile, refuse_mixed
from diascope.imaging.profile import render_profile
from diascope.mixture import describe
from diascope.models.modelcard import profile_of, write_profile
from diascope.predictionfile import write_atomically
from diascope.training.checkpoint import fresh, publish
from diascope.training.config import TrainConfig
from diascope.training.course import Leg


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run."""

    path: Path
    config: TrainConfig

    @classmethod
    def open(cls, path: Path, config: TrainConfig, resume: bool) -> "RunFolder":
        """A new run folder, or the one that is to be resumed; InputError when neither fits."""
        folder = cls(path, config)
        told = path / "config.toml"
        if resume:
            if not told.is_file():
                raise InputError(f"{path} holds no run to resume: it has no config.toml")
            refuse_another(load(told, [], TrainConfig), config, told)
        elif path.exists() and not all(map(_is_torn, path.iterdir())):
            raise InputError(f"{path} is not empty: name another folder, or pass --resume")
        path.mkdir(parents=True, exist_ok=True)
        write_atomically(told, dump_toml(config))
        folder.checkpoints.mkdir(exist_ok=True)
        return folder

    @property
    def checkpoints(self) -> Path:
        """Where checkpoints lie."""
        return self.path / "checkpoints"

    @property
    def model(self) -> Path:
        """Where the model lies when the run has ended."""
        return self.path / "model"

    @property
    def adapter(self) -> Path:
        """Where low-rank updates lie when a run that has some has ended."""
        return self.path / "adapter"

    @property
    def metrics(self) -> Path:
        """One JSON object a step."""
        return self.path / "metrics.jsonl"

    def describe(self, legs: Sequence[Leg]) -> None:
        """Write what the run stands on; a resumed run must stand on the same data and pixels.

        InputError, too, for a model to start from that learnt from other pixels.
        """
        config = self.config
        for folder in _starts(config):
            trained = Made(f"{folder}: trained", profile_of(folder))
            refuse_mixed((trained, ours()), "start from another model")
        feed = legs[0].feed
        stands_on = {"records_sha256": feed.digest, "render_profile": render_profile()}
        about: dict[str, Any] = {
            "versions": versions(),
            "commit": commit(),
            **stands_on,
            "records_profile": records_profile(config.resolve(config.data.records)),
            "mixture": {
                leg.phase.name: describe(leg.feed.mixture, leg.num_steps * leg.step_size)
                for leg in legs
            },
        }
        path = self.path / "run.json"
        if path.is_file():
            began = json.loads(path.read_text())
            moved = [name for name, value in stands_on.items() if began[name] != value]
            if moved:
                raise InputError(
                    f"{path}: {', '.join(moved)} changed since the run began; start a new run"
                )
            again = {"versions": about["versions"], "commit": about["commit"]}
            about = began | {"resumed": [*began.get("resumed", []), again]}
        write_atomically(path, json.dumps(about, indent=2) + "\n")

    @contextmanager
    def publishing(self, folder: Path) -> Iterator[Path]:
        """A hidden folder of weights to write: signed with the render profile, and then named."""
        hidden = fresh(folder)
        yield hidden
        write_profile(hidden, render_profile())
        publish(hidden, folder)

    def log(self, logged: dict[str, Any]) -> None:
        """Append a line of metrics."""
        with self.metrics.open("a") as file:
            file.write(json.dumps(logged) + "\n")

    def forget_after(self, step: int) -> None:
        """Drop the lines of steps that will be run again, and a line that was cut off."""
        if not self.metrics.is_file():
            return
        whole = [line for line in self.metrics.read_text().split("\n")[:-1] if line.endswith("}")]
        kept = [line for line in whole if json.loads(line)["step"] <= step]
        write_atomically(self.metrics, "".join(f"{line}\n" for line in kept))


def _starts(config: TrainConfig) -> Iterator[Path]:
    """Models that the run starts from; an encoder lies in the folder of the one that taught it."""
    compose = config.model.compose
    if config.model.path:
        yield config.resolve(config.model.path)
    if compose is not None and compose.vision.path:
        yield config.resolve(compose.vision.path).parent


def refuse_another(began: TrainConfig, config: TrainConfig, told: Path) -> None:
    """InputError where a run is resumed with another configuration, naming what differs."""
    before, now = (dict(_leaves(each.model_dump(mode="json"))) for each in (began, config))
    other = [key for key in sorted({*before, *now}) if before.get(key) != now.get(key)]
    if other:
        raise InputError(
            f"{told} differs from the configuration given in {', '.join(other)}; resume with it, "
            "or begin another run"
        )


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """The values of a configuration by the names that `key=value` gives them."""
    if not isinstance(value, dict):
        yield place, value
        return
    for key, inner in value.items():
        yield from _leaves(inner, f"{place}.{key}" if place else key)


def _is_torn(path: Path) -> bool:
    """Whether it is all that a run leaves that was killed before it had a configuration."""
    return path.name.startswith(".config.toml.")
