"""A findings list: what is present or uncertain, in the list's order; all else is absent."""

from dataclasses import dataclass
from functools import cached_property

from diascope.answers import Finding, Findings, Status
from diascope.codecs.grammar import Grammar
from diascope.codecs.names import check_known
from diascope.codecs.subset import Subset

_STATUSES: tuple[Status, ...] = ("present", "uncertain")


@dataclass(frozen=True)
class FindingsCodec:
    """`nodule: present; effusion: uncertain`, or `none`."""

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        _ = self._subset

    def grammar(self) -> Grammar:
        """Some findings in order, each with its status, or `none`."""
        return self._subset.grammar()

    def encode(self, answer: Findings, /) -> str:
        """The findings that are present or uncertain; probabilities and evidence are not text."""
        found = [finding for finding in self.snap(answer).findings if finding.status != "absent"]
        return self._subset.write(tuple(_item(finding.name, finding.status) for finding in found))

    def parse(self, text: str, /) -> Findings:
        """Every finding of the list with its status."""
        spelt = set(self._subset.read(text))
        return self._sorted(
            {
                name: status
                for name in self.names
                for status in _STATUSES
                if _item(name, status) in spelt
            }
        )

    def snap(self, answer: Findings, /) -> Findings:
        """Every finding in order, by its status alone; what the answer does not name is absent."""
        check_known((finding.name for finding in answer.findings), self.names)
        return self._sorted({finding.name: finding.status for finding in answer.findings})

    def _sorted(self, status: dict[str, Status]) -> Findings:
        return Findings(
            findings=tuple(
                Finding(name=name, status=status.get(name, "absent")) for name in self.names
            )
        )

    @cached_property
    def _subset(self) -> Subset:
        items = tuple(tuple(_item(name, status) for status in _STATUSES) for name in self.names)
        return Subset(items, "none")


def _item(name: str, status: Status) -> str:
    return f"{name}: {status}"
