import json
import subprocess
import sys

import pytest

from diascope.curation.converse import ConverseOptions, Prompt, Reply, converse
from diascope.errors import InputError
from diascope.generation.remote import RemoteTextEngine, is_loopback, refuse_restricted
from diascope.generation.text import open_text_engine
from diascope.predictionfile import Sampling
from diascope.recordfile import RecordFile, write_records

from .chat_server import Server, serve

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
ELSEWHERE = "https://models.example.org/v1"
SAMPLING = Sampling(temperature=0.2, top_p=0.8)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def prompts(*texts, restricted=False):
    return [Prompt(text, 20, restricted) for text in texts]


def engine(server, **facts):
    return RemoteTextEngine(server.url, "m", pause=lambda seconds: None, **facts)


def ask(server, *texts, **facts):
    return list(engine(server, **facts).write(prompts(*texts), SAMPLING, 5))


def test_each_prompt_is_answered_in_its_place():
    with serve(Server(lambda asked: asked["messages"][0]["content"].upper())) as server:
        replies = ask(server, *"abcdefgh")
    assert replies == [Reply(letter, True) for letter in "ABCDEFGH"]


def test_nothing_is_sent_but_what_is_asked_and_how():
    with serve(Server()) as server:
        ask(server, "words", key="k")
    assert server.asked == [
        {
            "model": "m",
            "messages": [{"role": "user", "content": "words"}],
            "max_tokens": 20,
            "temperature": 0.2,
            "top_p": 0.8,
            "seed": 5,
        }
    ]
    assert server.paths == ["/v1/chat/completions"]
    assert server.headers[0]["Authorization"] == "Bearer k"


def test_a_reply_that_ran_out_of_tokens_is_not_closed():
    with serve(Server(finish="length")) as server:
        assert ask(server, "a") == [Reply("yes", False)]


def test_no_words_are_an_empty_text():
    with serve(Server(lambda asked: None)) as server:
        assert ask(server, "a") == [Reply("", True)]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_tried_again(status):
    with serve(Server(statuses=[status] * 3)) as server:
        assert ask(server, "a") == [Reply("yes", True)]
        assert len(server.asked) == 4


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b'{"choices": []}', b'{"choices": [{"text": "x"}]}', b"x" * (5 << 20)],
)
def test_what_is_no_completion_is_tried_again_and_then_given_up(body):
    with serve(Server(bodies=[body] * 3)) as server:
        assert ask(server, "a") == [Reply("yes", True)]
    with serve(Server(bodies=[body] * 4)) as server, pytest.raises(InputError, match="--resume"):
        ask(server, "a")


@pytest.mark.parametrize(
    ("status", "hint"), [(400, "Bad Request"), (401, "DIASCOPE_ENGINE_KEY"), (404, "/v1")]
)
def test_a_refusal_is_told_without_a_word_of_the_prompt(status, hint):
    with (
        serve(Server(statuses=[status], bodies=[b"you said: Jane Doe"])) as server,
        pytest.raises(InputError, match=hint) as error,
    ):
        ask(server, "Jane Doe has an effusion")
    assert "Jane" not in str(error.value)
    assert len(server.asked) == 1


def test_no_redirect_is_followed():
    with serve(Server()) as other:
        for status in (301, 302, 307, 308):
            server = Server(statuses=[status], location=f"{other.url}/chat/completions")
            with serve(server), pytest.raises(InputError, match="not followed"):
                ask(server, "a")
    assert other.asked == []


def test_no_proxy_stands_before_this_machine(monkeypatch):
    with serve(Server()) as proxy, serve(Server()) as server:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert ask(server, "a") == [Reply("yes", True)]
    assert proxy.asked == []


def test_a_server_that_is_gone_is_told():
    with serve(Server()) as server:
        pass
    with pytest.raises(InputError, match=r"no reply \(ConnectionRefusedError\), 4 times"):
        ask(server, "a")


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://127.9.9.9/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://localhost:8000/v1", True),
        ("http://LOCALHOST/v1", True),
        ("http://localhost.example.org/v1", False),
        ("http://127.0.0.1.example.org/v1", False),
        ("http://0.0.0.0/v1", False),
        ("http://10.0.0.1/v1", False),
        ("http://2130706433/v1", False),
        (ELSEWHERE, False),
    ],
)
def test_only_a_loopback_address_is_this_machine(url, here):
    assert is_loopback(url) == here
    if here:
        refuse_restricted([True], url)
    else:
        with pytest.raises(InputError, match="nothing was sent"):
            refuse_restricted([False, True], url)
    refuse_restricted([False, False], url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1@example.org/v1",
        "http://example.org\\@127.0.0.1/v1",
        "http://example.org/v1#@127.0.0.1",
        "http://127.0.0.1/v1?to=example.org",
        "http:///v1",
        "ftp://127.0.0.1/v1",
        "http://127.0.0.1:port/v1",
        "http://[::1/v1",
        "http://127。0。0。1/v1",
    ],
)
def test_an_address_of_two_minds_is_refused(url):
    with pytest.raises(InputError):
        refuse_restricted([True], url)
    with pytest.raises(InputError):
        RemoteTextEngine(url, "m")


def test_a_restricted_prompt_is_refused_before_any_connection(monkeypatch):
    monkeypatch.setattr("diascope.generation.remote._opener", lambda here: pytest.fail("opened"))
    remote = RemoteTextEngine(ELSEWHERE, "m")
    with pytest.raises(InputError, match="1 of 3 records are restricted"):
        list(remote.write([*prompts("a", "b"), *prompts("c", restricted=True)], SAMPLING, 0))
    with pytest.raises(InputError, match="restricted"):
        remote.admit([True])


@pytest.mark.parametrize("mark", [{"restricted": True}, {"dataset": "mimic_cxr"}])
def test_one_restricted_record_stops_the_whole_file_before_any_connection(
    phantom, tmp_path, monkeypatch, mark
):
    monkeypatch.setattr("diascope.generation.remote._opener", lambda here: pytest.fail("opened"))
    asked = [each for each in RecordFile(phantom) if len(each.turns) == 2]
    asked[-1] = asked[-1].model_copy(update=mark)
    write_records(tmp_path / "records.jsonl", asked)
    with pytest.raises(InputError, match=r"must not be sent to models\.example\.org"):
        converse(tmp_path / "records.jsonl", tmp_path / "out", RemoteTextEngine(ELSEWHERE, "m"))
    assert not (tmp_path / "out").exists()


def test_a_key_does_not_cross_a_network_unencrypted():
    with pytest.raises(InputError, match="https"):
        RemoteTextEngine("http://10.0.0.1/v1", "m", "secret")
    assert "secret" not in repr(RemoteTextEngine(ELSEWHERE, "m", "secret"))


def test_an_address_makes_records_of_reports(phantom, tmp_path):
    def answer(asked):
        text = asked["messages"][0]["content"]
        if '"turns"' not in text:
            return json.dumps({"report": "There is no pneumothorax."})
        return json.dumps({"turns": [{"question": "Is there a pneumothorax?", "answer": "Yes."}]})

    with serve(Server(answer)) as server:
        made = converse(
            phantom, tmp_path / "out", open_text_engine(server.url, "m"), ConverseOptions()
        )
        refined, dialogue = made.card.tallies
        assert (refined.kept, refined.refused) == (7, 1)
        assert (dialogue.kept, dialogue.refused) == (1, 7)
        assert made.card.model == f"m at {server.url}"


def test_asking_a_server_loads_no_torch():
    code = "import sys, diascope.generation.text; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
