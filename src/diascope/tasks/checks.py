"""What makes a turn unusable: asked before a record is trained on or scored."""

from collections.abc import Iterator

from diascope.answers import Number
from diascope.codecs.dialect import Dialect
from diascope.errors import InputError, nearest
from diascope.geometry import CanvasMap, Size
from diascope.records import Turn
from diascope.tasks import all_tasks
from diascope.tasks._legal import answer_problems
from diascope.tasks.task import Task

DIALECTS = (Dialect(name="loc"), Dialect(name="json"))
_CANVAS = Size(224, 224)


def problems(turn: Turn, size: Size) -> list[str]:
    """Why the turn cannot be used, one sentence each; empty when it can.

    `size` is that of the image in whose pixels the answer is measured. Vertices of a polygon are
    not counted: the codec simplifies. A turn without an answer can be asked, so it has no problem.
    """
    tasks = all_tasks()
    if turn.task not in tasks:
        return [f"unknown task {turn.task!r}{nearest(turn.task, tasks)}"]
    accepts = tasks[turn.task].accepts
    if not isinstance(turn.expects, accepts):
        names = ", ".join(kind.__name__ for kind in accepts)
        return [f"{turn.task} accepts {names}, not {type(turn.expects).__name__}"]
    found = [] if turn.answer is None else answer_problems(turn.answer, turn.expects, size)
    if turn.task == "counting" and isinstance(turn.answer, Number) and turn.answer.value % 1:
        found.append(f"a count is a whole number, not {turn.answer.value:g}")
    return found or list(dict.fromkeys(_unwritable(tasks[turn.task], turn, size)))


def _unwritable(asked: Task, turn: Turn, size: Size) -> Iterator[str]:
    """Why a dialect has no text format for the question, or none that holds the answer."""
    canvas = CanvasMap.fit(size, _CANVAS, "stretch")
    for dialect in DIALECTS:
        try:
            codec = asked.codec(turn, dialect, canvas)
            if turn.answer is not None:
                codec.encode(asked.order(turn.answer))
        except InputError as error:
            yield str(error)
