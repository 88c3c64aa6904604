"""The collapse alarm rings by its declared rule, and only then."""

import pytest

from diascope.answers import Choice
from diascope.predictions import Invalid, Parsed, Prediction
from diascope.records import Case
from diascope.scoring.answered import Answered
from diascope.scoring.collapse import collapse


def answered(replies, case: Case):
    outcomes = [
        Parsed(answer=Choice(option=reply)) if reply != "?" else Invalid(why="unreadable")
        for reply in replies
    ]
    predictions = [
        Prediction(record="r", turn=0, task="classification", text="gibberish", outcome=outcome)
        for outcome in outcomes
    ]
    return [Answered(case, prediction) for prediction in predictions]


def choices(text):
    return [Choice(option=letter) for letter in text]


@pytest.mark.parametrize(
    ("replies", "truth", "alarm"),
    [
        ("ABABABABAB", "ABABABABAB", False),
        ("AAAAAAAABB", "AAAAABBBBB", False),  # 80 % where the truth has 50 %: not more than 30
        ("AAAAAAAAAB", "AAAAABBBBB", True),
        ("AAAAAAAAAA", "AAAAAAAAAA", False),  # the truth is as uniform
        ("AABB", "AABB", False),
        ("AAABBB", "ABCDEF", True),  # half of the replies where the truth has a sixth
        ("AABBCCDD", "ABCDEFGH", False),
        ("AABB" * 4, "ABCDEFGHI" + "A" * 7, True),  # 2 distinct of 9
        ("AABBCC" * 2, "ABCDEFGHIJKL", False),  # 3 distinct of 12 is a quarter
    ],
)
def test_the_rule(records, replies, truth, alarm):
    case = records.cases(split="test", task="classification")[0]
    assert collapse(answered(replies, case), choices(truth)).alarm is alarm


def test_what_cannot_be_read_is_one_text_and_what_is_missing_is_none(records):
    case = records.cases(split="test", task="classification")[0]
    found = collapse([*answered("??A", case), Answered(case, None)], choices("ABAB"))
    assert (found.replies.n, found.replies.distinct) == (3, 2)
    assert found.replies.commonest == "gibberish"
    assert found.replies.share == pytest.approx(2 / 3)
    assert found.truth.share == 0.5


def test_no_reply_at_all_is_no_collapse(records):
    case = records.cases(split="test", task="classification")[0]
    found = collapse([Answered(case, None)], choices("A"))
    assert found.replies is None
    assert not found.alarm
