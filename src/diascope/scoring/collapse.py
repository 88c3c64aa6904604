"""The collapse alarm: a model that says the same whatever it sees can still score well."""

from collections import Counter
from collections.abc import Sequence

from diascope.answers import Answer
from diascope.scoring.answered import Answered
from diascope.scoring.scorecard import WITHHELD, Collapse, Spread

_SHARE_MARGIN = 0.3
_DISTINCT_SHARE = 0.25


def collapse(answered: Sequence[Answered], truths: Sequence[Answer]) -> Collapse:
    """Compare how varied the replies are with how varied the truth is, as it would be written.

    The alarm rings when the most frequent reply has a share of more than the most frequent truth's
    plus 0.3, or when there are fewer distinct replies than a quarter of the distinct truths.
    `truths` have been through the codec's snap, so that both sides have the same resolution.
    """
    hidden = any(each.case.record.restricted for each in answered)
    truth = _spread([truth.model_dump_json() for truth in truths], hidden)
    replies = [_written(each) for each in answered if each.prediction is not None]
    if not replies:
        return Collapse(replies=None, truth=truth, alarm=False)
    spread = _spread(replies, hidden)
    alike = spread.share > truth.share + _SHARE_MARGIN
    few = spread.distinct < _DISTINCT_SHARE * truth.distinct
    return Collapse(replies=spread, truth=truth, alarm=alike or few)


def _spread(written: Sequence[str], hidden: bool) -> Spread:
    counts = Counter(written)
    commonest, times = counts.most_common(1)[0]
    return Spread(
        n=len(written),
        distinct=len(counts),
        commonest=WITHHELD if hidden else commonest,
        share=times / len(written),
    )


def _written(answered: Answered) -> str:
    answer = answered.answer
    if answer is not None:
        return answer.model_dump_json()
    return answered.prediction.text if answered.prediction else ""
