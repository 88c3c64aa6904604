"""doctor: what is installed, what is at hand, and a self-test of a few seconds."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from diascope import __version__
from diascope.environment import PACKAGES, commit, versions
from diascope.errors import InputError
from diascope.values import Value

if TYPE_CHECKING:
    from diascope.records import Case

_ROOM_NEEDED_GB = 2.0


class Check(Value):
    """One thing looked at, whether it is as it should be, and what was found."""

    name: str
    passed: bool
    found: str


class Health(Value):
    """Everything that was looked at."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether all is as it should be."""
        return all(check.passed for check in self.checks)


def doctor() -> Health:
    """Look at everything that a run needs; nothing is written but a temporary folder."""
    looks = (_versions, _machine, _assets, _data, _codecs)
    return Health(checks=tuple(check for look in looks for check in look()))


def _versions() -> Iterator[Check]:
    yield Check(
        name="diascope", passed=True, found=f"{__version__}, commit {commit() or 'unknown'}"
    )
    installed = versions()
    for package in ("python", *PACKAGES):
        if package != "diascope":
            found = installed.get(package, "not installed: run scripts/install")
            yield Check(name=package, passed=package in installed, found=found)


def _machine() -> Iterator[Check]:
    from diascope.models.devices import devices

    yield Check(name="devices", passed=True, found=", ".join(devices()))
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    yield Check(name="disk", passed=free > _ROOM_NEEDED_GB, found=f"{free:.1f} GB free here")


def _assets() -> Iterator[Check]:
    from diascope.configuration import recipe

    weights = Path(__file__).parent.glob("models/assets/*/*.safetensors")
    sizes = [f"{path.parent.name} {path.stat().st_size / 1e6:.1f} MB" for path in weights]
    yield Check(name="shipped weights", passed=bool(sizes), found=", ".join(sizes) or "missing")
    yield _tried("demo recipe", lambda: str(recipe("demo")))


def _data() -> Iterator[Check]:
    folder = os.environ.get("DIASCOPE_DATA")
    there = folder is None or Path(folder).is_dir()
    found = f"{folder}{'' if there else ': no such folder'}" if folder else "not set; optional"
    yield Check(name="DIASCOPE_DATA", passed=there, found=found)


def _codecs() -> Iterator[Check]:
    yield _tried("self-test", self_test)


def _tried(name: str, attempt: Callable[[], str]) -> Check:
    try:
        return Check(name=name, passed=True, found=attempt())
    except (InputError, ValueError, OSError) as error:
        return Check(name=name, passed=False, found=str(error))


def self_test() -> str:
    """Draw a few phantoms, read the pictures back, and write and read every answer.

    Returns what was done; ValueError names the first case that does not come back as it went in.
    """
    from diascope.imaging.decode import read_image
    from diascope.sources.phantom import PhantomSettings, generate

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        records = list(generate(root, PhantomSettings(seed=0, patients=4)))
        cases = [case for record in records for case in record.cases()]
        for image in {case.image for case in cases}:
            if read_image(root / image.path).shape[:2] != (image.height, image.width):
                raise ValueError(f"{image.path} does not have the size that was drawn")
    written = sum(_written_and_read(case) for case in cases)
    tasks = {case.turn.task for case in cases}
    return f"{written} answers of {len(tasks)} tasks written and read back"


def _written_and_read(case: "Case") -> int:
    """How many dialects the case's answer was written in and read back from."""
    from diascope.codecs.dialect import Dialect
    from diascope.geometry import CanvasMap, Size
    from diascope.tasks import task

    asked = task(case.turn.task)
    canvas = CanvasMap.fit(case.image.size, Size(224, 224), "pad")
    dialects = (Dialect(name="loc"), Dialect(name="json"))
    for dialect in dialects:
        codec, answer = asked.codec(case.turn, dialect, canvas), asked.order(case.truth)
        text = codec.encode(answer)
        if codec.parse(text) != codec.snap(answer) or not codec.grammar().matches(text):
            raise ValueError(f"{case.id} does not come back in dialect {dialect.name}: {text!r}")
    return len(dialects)
