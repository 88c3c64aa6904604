from diascope.answers import Box, Boxes, Mask, Masks, Text
from diascope.tasks import task


def box(x0: float, y0: float) -> Box:
    return Box(label="a", x0=x0, y0=y0, x1=x0 + 5, y1=y0 + 5)


def test_boxes_go_from_top_to_bottom_then_left_to_right():
    for name in ("detection", "instance_detection", "grounding"):
        ordered = task(name).order(Boxes(boxes=(box(9, 4), box(3, 4), box(7, 1))))
        assert ordered == Boxes(boxes=(box(7, 1), box(3, 4), box(9, 4)))


def test_polygons_go_clockwise_from_their_topmost_vertex_and_keep_their_shape():
    clockwise = ((5.0, 0.0), (9.0, 5.0), (5.0, 9.0), (0.0, 5.0))
    turned = (clockwise[2], clockwise[1], clockwise[0], clockwise[3])
    low = Mask(label="b", polygon=((0.0, 20.0), (9.0, 20.0), (9.0, 30.0)))
    ordered = task("segmentation").order(Masks(masks=(low, Mask(label="a", polygon=turned))))
    assert ordered == Masks(masks=(Mask(label="a", polygon=clockwise), low))


def test_ordering_twice_changes_nothing(draw_cases):
    for name in ("segmentation", "instance_detection", "report"):
        order = task(name).order
        for case in draw_cases(name, 5):
            assert order(order(case.truth)) == order(case.truth)


def test_answers_without_objects_stay_as_they_are():
    assert task("report").order(Text(text="b a")) == Text(text="b a")
