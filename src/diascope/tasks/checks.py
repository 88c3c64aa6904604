"""What makes a turn unusable: asked before a record is trained on or scored."""

from diascope.errors import nearest
from diascope.geometry import Size
from diascope.records import Turn
from diascope.tasks import all_tasks
from diascope.tasks._legal import answer_problems


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
    if turn.answer is None:
        return []
    return answer_problems(turn.answer, turn.expects, size)
