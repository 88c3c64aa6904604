"""diascope converse, over a server on this machine and into a folder that can be gone on with."""

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import diascope.cli.main
from diascope.cli.converse import converse
from diascope.recordfile import RecordFile

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
COMMAND = """
import sys, diascope.cli.main as command
from diascope.cli.converse import converse
command.VERBS = tuple({*command.VERBS, converse})
command.main(sys.argv[1:])
"""


@pytest.fixture(autouse=True)
def verb(monkeypatch):
    verbs = dict.fromkeys((*diascope.cli.main.VERBS, converse))
    monkeypatch.setattr(diascope.cli.main, "VERBS", tuple(verbs))


@contextmanager
def served(asked=lambda prompts: None):
    """The address of a server that denies a pneumothorax; `asked` is told every prompt so far."""
    prompts = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format, *args):
            pass

        def do_POST(self):
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            prompts.append(sent["messages"][0]["content"])
            asked(prompts)
            text = json.dumps({"report": "There is no pneumothorax."})
            choice = {"message": {"content": text}, "finish_reason": "stop"}
            body = json.dumps({"choices": [choice]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1", prompts
        finally:
            server.shutdown()
            thread.join()


def test_a_server_on_this_machine_makes_a_folder_of_records(run, records, tmp_path):
    out = tmp_path / "out"
    with served() as (url, prompts):
        words = ("--engine", url, "--model", "m", "--kind", "refined")
        code, printed, err = run("converse", records, out, *words)
    assert code == 0
    assert "refined" in printed
    assert "refused, refined: 1 that denies Pneumothorax" in err
    assert "not asked about: 210, which has no report" in err
    assert len(RecordFile(out / "records.jsonl")) == 7
    assert len(prompts) == len(set(prompts))
    assert run("converse", records, out, *words)[0] == 2


def test_json_is_the_card(run, records, tmp_path):
    with served() as (url, _):
        _, printed, _ = run(
            "converse", records, tmp_path / "out", "--engine", url, "--model", "m", "--json"
        )
    card = json.loads(printed)
    assert card == json.loads((tmp_path / "out" / "card.json").read_text())
    assert [tally["kind"] for tally in card["tallies"]] == ["refined", "dialogue"]


def test_a_run_that_keeps_nothing_has_failed(run, records, tmp_path):
    with served() as (url, _):
        words = ("--engine", url, "--model", "m", "--kind", "dialogue")
        code, _, err = run("converse", records, tmp_path / "out", *words)
    assert code == 1
    assert "no turn was kept" in err
    assert "8 that the reply is JSON of another form" in err


def test_a_dry_run_counts_and_asks_nobody(run, records, tmp_path):
    with served() as (url, prompts):
        words = ("--engine", url, "--model", "m", "--dry-run")
        code, printed, _ = run("converse", records, tmp_path / "out", *words)
    assert code == 0
    assert "8 records would be asked about" in printed
    assert "210 has no report" in printed
    assert prompts == []
    assert not (tmp_path / "out").exists()


def restricted(records, folder):
    lines = (records / "records.jsonl").read_text().splitlines()
    rows = [json.loads(line) | {"restricted": True} for line in lines]
    (folder / "records.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_restricted_records_go_to_no_other_machine(run, records, tmp_path, more):
    words = ("--engine", "https://models.example.org/v1", "--model", "m", *more)
    out = tmp_path / "out"
    code, printed, err = run("converse", restricted(records, tmp_path), out, *words)
    assert (code, printed) == (2, "")
    assert "8 of 8 records are restricted and must not be sent to models.example.org" in err
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--engine", "http://127.0.0.1:1/v1"), "--model"),
        (("--engine", "gone"), "neither a folder of weights nor an address"),
        (("--engine", ".", "--split", "tset", "--dry-run"), "did you mean 'test'?"),
        (("--engine", "gone", "--dry-run"), "gone: no such file or folder"),
        (("--engine", "gone", "--kind", "refine"), "--kind"),
        ((), "Missing option '--engine'"),
    ],
)
def test_bad_input_is_one_message(run, records, tmp_path, words, said):
    code, printed, err = run("converse", records, tmp_path / "out", *words)
    assert (code, printed) == (2, "")
    assert said in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("by", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_a_run_that_is_killed_goes_on_where_it_was(records, tmp_path, by, code):
    child = []

    def strike(prompts):
        if len(prompts) == 4:
            os.kill(child[0].pid, by)

    words = [str(records), str(tmp_path / "out"), "--model", "m", "--kind", "refined"]
    words += ["--batch-size", "1", "--engine"]
    with served(strike) as (url, prompts):
        start = [sys.executable, "-c", COMMAND, "converse", *words, url]
        child.append(subprocess.Popen(start, stderr=subprocess.DEVNULL))
        assert child[0].wait(120) == code
        assert len(prompts) == 4
        assert not (tmp_path / "out" / "card.json").exists()
        assert (
            subprocess.run([*start, "--resume"], check=False, capture_output=True).returncode == 0
        )
        assert prompts[:3] == list(dict.fromkeys(prompts))[:3]
        assert all(prompts.count(prompt) == 1 for prompt in prompts[:3])
        assert len(RecordFile(tmp_path / "out" / "records.jsonl")) == 7
