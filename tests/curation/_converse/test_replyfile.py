import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.curation._converse.replyfile import MOST_CHARS, ReplyFile
from diascope.curation._converse.writing import Prompt, Reply, reply_key
from diascope.errors import InputError
from diascope.predictionfile import Sampling

KEYS = [f"{number:032x}" for number in range(5)]


def test_replies_are_there_when_it_is_opened_again(tmp_path):
    path = tmp_path / "replies.jsonl"
    with ReplyFile(path) as file:
        for key in KEYS:
            file.append(key, Reply(f"text\nof {key}", closed=key != KEYS[2]))
    with ReplyFile(path) as file:
        assert all(key in file for key in KEYS)
        assert file[KEYS[3]] == Reply(f"text\nof {KEYS[3]}", True)
        assert not file[KEYS[2]].closed
        assert "f" * 32 not in file


@given(st.data())
def test_wherever_it_is_torn_whole_lines_are_kept(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("torn") / "replies.jsonl"
    with ReplyFile(path) as file:
        for key in KEYS:
            file.append(key, Reply("ÄÖ", True))
    whole = path.read_bytes()
    torn = whole[: data.draw(st.integers(0, len(whole)))]
    path.write_bytes(torn + b"x" * data.draw(st.sampled_from([0, 1, 999])))
    with ReplyFile(path) as file:
        kept = [key for key in KEYS if key in file]
        assert kept == KEYS[: torn.count(b"\n")]
        for key in KEYS[len(kept) :]:
            file.append(key, Reply("ÄÖ", True))
    assert path.read_bytes() == whole


@given(st.text(st.characters(), max_size=50))
def test_any_text_is_kept(tmp_path_factory, text):
    with ReplyFile(tmp_path_factory.mktemp("any") / "replies.jsonl") as file:
        file.append(KEYS[0], Reply(text, True))
        assert file[KEYS[0]].text == text.encode("utf-8", "replace").decode()


def test_a_megabyte_is_cut_and_is_not_closed(tmp_path):
    with ReplyFile(tmp_path / "replies.jsonl") as file:
        file.append(KEYS[0], Reply("x" * 1_000_000, True))
        assert file[KEYS[0]] == Reply("x" * MOST_CHARS, False)


@pytest.mark.parametrize("line", ["{}\n", "no\n", '{"key": "../x", "text": "", "closed": true}\n'])
def test_a_line_that_is_no_reply_is_named(tmp_path, line):
    path = tmp_path / "replies.jsonl"
    path.write_text(line)
    with pytest.raises(InputError, match="line 1"):
        ReplyFile(path)


def test_a_key_changes_with_all_that_decides_a_reply():
    asked = Prompt("text", 10, restricted=False)
    keys = {
        reply_key(asked, "m", Sampling(), 0),
        reply_key(Prompt("texts", 10, restricted=False), "m", Sampling(), 0),
        reply_key(Prompt("text", 11, restricted=False), "m", Sampling(), 0),
        reply_key(asked, "n", Sampling(), 0),
        reply_key(asked, "m", Sampling(temperature=0.2), 0),
        reply_key(asked, "m", Sampling(top_p=0.8), 0),
        reply_key(asked, "m", Sampling(), 1),
    }
    assert len(keys) == 7
    assert reply_key(Prompt("text", 10, restricted=True), "m", Sampling(), 0) in keys
