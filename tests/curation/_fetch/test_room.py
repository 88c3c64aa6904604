import pytest

from diascope.curation._fetch.room import in_words, require_room
from diascope.errors import InputError


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (616_853_875, "616.9 MB"),
        (3_770_205_534, "3.8 GB"),
        (5 * 10**15, "5000.0 TB"),
    ],
)
def test_sizes_in_words(size, words):
    assert in_words(size) == words


def test_room_that_is_there_and_room_that_is_not(tmp_path):
    require_room(tmp_path, 1)
    with pytest.raises(InputError, match="another disk"):
        require_room(tmp_path, 1 << 60)
