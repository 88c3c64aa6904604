import pytest

from diascope.answers import Finding, Findings
from diascope.codecs.codec import ParseError
from diascope.codecs.findings import FindingsCodec
from diascope.errors import InputError

CODEC = FindingsCodec(("nodule", "effusion", "mass"))


def test_findings_are_written_in_the_list_s_order() -> None:
    answer = Findings(
        findings=(
            Finding(name="effusion", status="uncertain", probability=0.4),
            Finding(name="nodule", status="present"),
            Finding(name="mass", status="absent"),
        )
    )
    assert CODEC.encode(answer) == "nodule: present; effusion: uncertain"
    assert CODEC.encode(Findings()) == "none"


def test_every_finding_is_read() -> None:
    assert CODEC.parse("effusion: uncertain").findings == (
        Finding(name="nodule", status="absent"),
        Finding(name="effusion", status="uncertain"),
        Finding(name="mass", status="absent"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nodule",
        "nodule: absent",
        "nodule:present",
        "effusion: present; nodule: present",
        "nodule: present; nodule: uncertain",
    ],
)
def test_nothing_else_is_read(text: str) -> None:
    with pytest.raises(ParseError):
        CODEC.parse(text)


def test_an_unknown_finding_is_refused() -> None:
    with pytest.raises(InputError, match="'cyst'"):
        CODEC.encode(Findings(findings=(Finding(name="cyst", status="present"),)))
