import pytest

from diascope.codecs.names import check_known, check_names
from diascope.errors import InputError


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("",),
        ("a", "a"),
        ("a", "<loc0001> b"),
        ("a", "<image>"),
        ("\ud800",),
        ("a; b",),
        ("a;", ";"),
    ],
)
def test_names_that_cannot_be_written(names: tuple[str, ...]) -> None:
    with pytest.raises(InputError):
        check_names((*names, "; ") if names == ("a;", ";") else names, "; ")


def test_names_that_can_be_written() -> None:
    check_names(("a, b", "< 5 mm", "a;b", "é > 3", "a < b > c", "mass;"), "; ")
    check_names(("a; b",))


def test_a_separator_may_not_begin_within_a_name() -> None:
    with pytest.raises(InputError, match="separated by"):
        check_names(("cell ;",), " ; ")


def test_an_unknown_name_is_told_its_nearest() -> None:
    check_known(["nodule"], ("nodule", "mass"))
    with pytest.raises(InputError, match=r"'nodul'.*'nodule'"):
        check_known(["nodul"], ("nodule", "mass"))
