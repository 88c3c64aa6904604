"""M4CXR's 50 weights: all there, each claimed by one form, and drawn as they say."""

from collections import Counter

import pytest

from diascope.curation.conversations import all_forms
from diascope.curation.conversations.weights import WEIGHTS, group_weights
from diascope.mixture import MixtureConfig, probabilities
from diascope.sources import all_sources

SHARES = {
    "report": 380.0,
    "understanding": 246.0,
    "questions": 78.0,
}
REPORT = ("findings_then_report", "multi_view_report", "follow_up_report")
QUESTIONS = ("vqa", "difference", "dialogue")


def test_there_are_fifty_that_sum_to_704() -> None:
    assert len(WEIGHTS) == 50
    assert sum(WEIGHTS.values()) == pytest.approx(704)


def test_each_is_claimed_by_one_form_for_a_source_that_there_is() -> None:
    claims = [
        (name, source) for form in all_forms().values() for source, name in form.m4cxr.items()
    ]
    assert Counter(name for name, _ in claims) == Counter(WEIGHTS.keys())
    assert {source for _, source in claims} <= all_sources().keys()


def test_report_understanding_and_questions_have_the_papers_shares() -> None:
    """54, 35 and 11 percent."""
    sums = dict.fromkeys(SHARES, 0.0)
    for form in all_forms().values():
        kind = "report" if form.name in REPORT else "understanding"
        kind = "questions" if form.name in QUESTIONS else kind
        sums[kind] += sum(WEIGHTS[name] for name in form.m4cxr.values())
    assert sums == pytest.approx(SHARES)


def test_they_are_weights_of_a_fixed_mixture() -> None:
    groups = ["mimic_cxr/findings_then_report", "jsrt/finding_grounding", "openi/report"]
    weights = group_weights(groups)
    assert weights == dict(zip(groups, (200.0, 0.1, 0.0), strict=True))
    config = MixtureConfig(kind="fixed", by="dataset", weights=weights)
    drawn = probabilities(dict.fromkeys(groups, 7), config)
    assert drawn["mimic_cxr/findings_then_report"] == pytest.approx(200 / 200.1)
