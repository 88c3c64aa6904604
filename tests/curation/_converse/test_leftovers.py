import pytest

from diascope.curation._converse.leftovers import leftover

HELD = [
    ("Seen on 3/14/2019.", "a date or a time"),
    ("Seen on 2019-03-14.", "a date or a time"),
    ("The study of March 14 shows it.", "a date or a time"),
    ("Telephoned at 14:30.", "a date or a time"),
    ("Surgery in 2011.", "a date or a time"),
    ("A 12 mm nodule.", "a measurement"),
    ("A 1.5cm nodule.", "a measurement"),
    ("The mass is 3 x 4 in size.", "a measurement"),
    ("The effusion is unchanged.", "an earlier study"),
    ("A new opacity.", "an earlier study"),
    ("Compared with the last study.", "an earlier study"),
    ("The effusion has increased.", "an earlier study"),
    ("Persistent atelectasis.", "an earlier study"),
    ("Stable cardiomegaly.", "an earlier study"),
    ("Seen by Dr. ___.", "a blank left by de-identification"),
    ("XXXX lungs.", "a blank left by de-identification"),
]
FREE = [
    "Degenerative changes of the spine.",
    "Increased interstitial markings.",
    "Opacity that may reflect pneumonia.",
    "Fractures of the fifth and sixth ribs, T10 to T12.",
    "An old rib fracture.",
    "The heart is enlarged.",
    "",
]


@pytest.mark.parametrize(("text", "what"), HELD)
def test_what_one_image_cannot_show_is_found(text, what):
    assert leftover(text) == what


@pytest.mark.parametrize("text", FREE)
def test_what_it_shows_is_left_alone(text):
    assert leftover(text) is None
