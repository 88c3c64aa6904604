from pathlib import Path

from PIL import Image as Picture

from diascope.predictions import Parsed, Prediction
from diascope.recordfile import RecordFile
from diascope.reporting.look import draw_reply
from diascope.reporting.overlay import REPLY, TRUTH


def test_a_reply_is_drawn_beside_the_truth(phantom: Path, tmp_path: Path) -> None:
    case = next(each for each in RecordFile(phantom).cases(task="detection") if each.truth.boxes)
    reply = Prediction(
        record=case.record.id,
        turn=case.index,
        task="detection",
        text="",
        outcome=Parsed(answer=case.truth),
    )
    draw_reply(case, reply, phantom.parent, tmp_path / "x.png")
    with Picture.open(tmp_path / "x.png") as picture:
        colours = {colour for _, colour in picture.getcolors(1 << 24)}
    assert {TRUTH.colour, REPLY.colour} <= colours
