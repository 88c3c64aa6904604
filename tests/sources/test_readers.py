"""Boxes of several readers made one."""

from hypothesis import given
from hypothesis import strategies as st

from diascope.answers import Box
from diascope.geometry import iou
from diascope.sources._readers import LEAST_OVERLAP, Drawn, agreed

READERS = ("R1", "R2", "R3")


def drawn(reader, x0, label="nodule", side=10.0):
    return Drawn(reader, Box(label=label, x0=x0, y0=0, x1=x0 + side, y1=side))


drawings = st.lists(
    st.builds(
        drawn,
        st.sampled_from(READERS),
        st.integers(0, 24).map(float),
        st.sampled_from(("nodule", "effusion")),
        st.sampled_from((8.0, 10.0, 13.0)),
    ),
    max_size=12,
)


def test_an_object_is_the_mean_of_what_was_drawn():
    (box,) = agreed([drawn("R1", 0), drawn("R2", 1), drawn("R3", 2)], quorum=2)
    assert box.corners == (1, 0, 11, 10)


def test_what_too_few_drew_is_no_object():
    assert agreed([drawn("R1", 0), drawn("R2", 30), drawn("R3", 60)], quorum=2) == []


def test_one_reader_who_drew_it_twice_is_one_reader():
    assert agreed([drawn("R1", 0), drawn("R1", 1)], quorum=2) == []


def test_who_drew_it_twice_agrees_by_the_nearer_box():
    (box,) = agreed([drawn("R1", 0), drawn("R1", 1), drawn("R2", 0)], quorum=2)
    assert box.x0 == 0


def test_a_box_of_another_label_is_another_object():
    assert agreed([drawn("R1", 0), drawn("R2", 0, label="effusion")], quorum=2) == []


def test_neighbours_stay_apart():
    """Of two objects side by side, each joins the box that it overlaps most."""
    given_ = [drawn("R1", 0), drawn("R1", 3), drawn("R2", 0), drawn("R2", 3)]
    assert [box.x0 for box in agreed(given_, quorum=2)] == [0, 3]


@given(drawings, st.randoms(use_true_random=False))
def test_the_order_of_the_boxes_does_not_matter(boxes, random):
    shuffled = random.sample(boxes, len(boxes))
    assert agreed(shuffled, quorum=2) == agreed(boxes, quorum=2)


@given(drawings)
def test_with_a_single_reader_every_box_is_an_object(boxes):
    alone = [Drawn("", each.box) for each in boxes]
    found = agreed(alone, quorum=1)
    assert sorted(found, key=repr) == sorted((each.box for each in boxes), key=repr)


@given(drawings)
def test_every_object_was_drawn_by_enough_readers_near_it(boxes):
    for box in agreed(boxes, quorum=2):
        near = {
            each.reader
            for each in boxes
            if each.box.label == box.label and iou(each.box.corners, box.corners) > 0
        }
        assert len(near) >= 2


@given(st.integers(1, 20))
def test_boxes_join_from_the_least_overlap_on(shift):
    one, other = drawn("R1", 0, side=30.0), drawn("R2", float(shift), side=30.0)
    joined = bool(agreed([one, other], quorum=2))
    assert joined == (iou(one.box.corners, other.box.corners) >= LEAST_OVERLAP)


@given(drawings)
def test_no_more_objects_than_the_readers_could_agree_on(boxes):
    assert len(agreed(boxes, quorum=2)) * 2 <= len(boxes)
