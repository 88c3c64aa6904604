"""How much a run may look at: arithmetic over the work it does, and no clock.

A clock would look at more on a quick day, keep other weights for the best, and so make a resumed
run another run. Work is counted in examples learnt from; what a thing costs was measured on tiny
and rounded up. What looking took of the wall time is measured as well, and told.
"""

from typing import NamedTuple

from diascope.training.evalconfig import EvalConfig

CASE = 0.4
"""Examples that a forward pass without a backward one costs."""
PICTURE = 4.0
"""Examples that a drawn picture costs."""
CHARACTER = 1 / 120
"""Examples that a character of a reply costs, beside the pass over what is given."""
ENOUGH = 8
"""Replies from which on a metric or a collapse means something."""

_MOST_CASES, _MOST_REPLIES, _MOST_PICTURES, _MOST_GRADIENTS = 256, 16, 4, 2
_FEWEST_CASES = 32
_TO_CASES, _TO_PICTURES, _TO_GRADIENTS = 0.4, 0.25, 0.25
"""Shares of what is left, in this order; replies get the rest."""


class Work(NamedTuple):
    """What a run does."""

    examples: int
    """Learnt from, in all."""
    looks: int
    gradients: int
    """How often gradients are measured."""
    tasks: int
    reply: float
    """Examples that a mean reply costs."""


class Plan(NamedTuple):
    """How much is looked at."""

    limit: int
    """Cases the loss is measured on."""
    replies: int
    """Of each task."""
    pictures: int
    gradients: int
    """Training cases of each task."""
    share: float
    """Of the run's work, in all."""


def plan(config: EvalConfig, work: Work) -> Plan:
    """What fits into the budget; never less than what is given, or than a loss to choose by."""
    purse = config.budget * work.examples / max(1, work.looks)
    limit = _open(config.limit, _FEWEST_CASES, _MOST_CASES, _TO_CASES * purse / CASE)
    chosen = config.task_limit * work.reply if config.task else 0.0
    left = purse - CASE * limit - chosen
    pictures = _open(config.pictures, 0, _MOST_PICTURES, _TO_PICTURES * left / PICTURE)
    gradient = work.tasks * work.gradients / max(1, work.looks)
    gradients = _open(config.gradients, 0, _MOST_GRADIENTS, _TO_GRADIENTS * left / max(1, gradient))
    left -= PICTURE * pictures + gradient * gradients
    replies = _open(
        config.replies,
        ENOUGH if config.mix else 0,
        _MOST_REPLIES,
        left / max(1.0, work.tasks * work.reply),
    )
    drawn = pictures if replies or config.task else 0
    cost = CASE * limit + chosen + PICTURE * drawn + gradient * gradients
    cost += work.tasks * work.reply * replies
    return Plan(limit, replies, drawn, gradients, cost * work.looks / max(1, work.examples))


def _open(told: int | None, fewest: int, most: int, affordable: float) -> int:
    return min(max(int(affordable), fewest), most) if told is None else told
