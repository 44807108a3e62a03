"""The bench's own arithmetic, and the goals that are exact on every machine."""

import json
import os
import sys
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.api_calls import after_end, before_first, outside_polls, until_end
from tests.bench import page
from tests.bench.__main__ import exit_code
from tests.bench.goals import GOALS, MISSED, row
from tests.bench.lists import serving
from tests.bench.measure import Command, Run, interleave, peak_alone, ratio, run
from tests.bench.proxy import counting
from tests.bench.stacks import busiest, waiting


def test_a_ratio_is_taken_round_by_round() -> None:
    ours = [Run(1, 1, 1), Run(20, 10, 1), Run(3, 3, 1)]
    theirs = [Run(2, 4, 1), Run(20, 20, 1), Run(2, 3, 1)]
    assert ratio(ours, theirs) == 0.5 and ratio(ours, theirs, "wall") == 1


def test_a_figure_is_wanted_accepted_or_missed() -> None:
    must, want = GOALS["P4"].must, GOALS["P4"].want
    assert [row("P4", figure).verdict for figure in (want, must, must + 0.01)] == ["want", "must", MISSED]


def test_an_exact_goal_is_missed_by_one_call_less() -> None:
    exact = int(GOALS["P24 report"].want)
    assert [row("P24 report", figure).verdict for figure in (exact - 1, exact, exact + 1)] == [MISSED, "want", MISSED]


def test_a_missed_goal_is_shown_and_fails_the_bench() -> None:
    kept, missed = row("P24", 2), row("P24", 4)
    assert (exit_code([kept]), exit_code([kept, missed])) == (0, 1)
    shown = page.goals_table([kept, missed]).splitlines()
    assert [MISSED in line for line in shown[2:]] == [False, True]


def test_every_goal_asks_for_no_less_than_its_limit() -> None:
    assert [
        goal.id for goal in GOALS.values() if goal.want > goal.must or (goal.exact and goal.want != goal.must)
    ] == []


def test_calls_are_parted_at_the_last_look_at_the_events() -> None:
    made = ["DescribeStacks", "DescribeChangeSet", "DescribeStackEvents", "DescribeStackEvents", "GetUser"]
    assert (outside_polls(until_end(made)), after_end(made)) == ({"DescribeStacks": 1}, ["GetUser"])
    assert (until_end(["GetTemplate"]), after_end(["GetTemplate"])) == (["GetTemplate"], ())
    assert before_first("GetUser", made) == made[:-1]


def test_waiting_reaches_what_is_wanted() -> None:
    assert {row.goal.id: row.verdict for row in waiting()} == dict.fromkeys(
        ("P14 worst", "P14 mean", "P15", "P19"), "want"
    )
    assert busiest([0, 0.5, 1.2, 1.4, 5]) == 3


def test_programs_run_one_after_another_and_must_exit_as_expected() -> None:
    order: list[str] = []
    three = Command([sys.executable, "-c", "raise SystemExit(3)"], exit_code=3)
    taken = interleave({"a": three, "b": three}, 2, before=order.append)
    assert order == ["a", "b"] * 3 and [len(runs) for runs in taken.values()] == [2, 2]
    assert all(one.cpu > 0 and one.peak > 1 and one.wall > 0 for one in taken["a"])
    with pytest.raises(RuntimeError, match="ended with 3"):
        run(Command(three.argv))


def test_python_of_a_measured_program_runs_as_a_user_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    shown = "import os, sys; print(sys.dont_write_bytecode, os.environ['PYTHONPATH'], os.environ['OTHER'])"
    env = {**os.environ, "PYTHONPATH": "/elsewhere", "OTHER": "kept"}
    assert run(Command([sys.executable, "-c", shown], env)).output == "False /elsewhere kept\n"
    assert run(Command([sys.executable, "-c", "import sys; print(sys.dont_write_bytecode)"])).output == "False\n"


def test_a_small_program_is_not_hidden_by_the_memory_of_the_bench() -> None:
    small, large = (Command([sys.executable, "-S", "-c", f"print(bytearray({mib} << 20)[:1])"]) for mib in (0, 64))
    assert peak_alone(small, 1) < 20 and peak_alone(large, 1) - peak_alone(small, 1) == pytest.approx(64, abs=2)


def test_the_page_changes_between_its_markers_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "PAGE", tmp_path / "page.md")
    page.PAGE.write_text("before\n<!-- goals: x -->\nold\n<!-- end goals -->\nafter\n")
    page.write("goals", "new \\1\n")
    assert page.PAGE.read_text() == "before\n<!-- goals: x -->\n\nnew \\1\n\n<!-- end goals -->\nafter\n"
    with pytest.raises(ValueError, match="calls"):
        page.write("calls", "")


class _Echo(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(418)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"read")

    def log_message(self, *_: object) -> None:
        pass


def test_the_proxy_keeps_the_operations_in_order_and_passes_everything_on() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    Thread(target=server.serve_forever, daemon=True).start()
    with counting(f"http://127.0.0.1:{server.server_address[1]}") as proxy:
        for body in (b"Action=DescribeStacks&StackName=s", b"Action=DescribeStacks", b"Action=GetTemplate"):
            with pytest.raises(urllib.error.HTTPError) as answer:
                urllib.request.urlopen(proxy.endpoint, body)
            assert (answer.value.code, answer.value.read()) == (418, body)
        with urllib.request.urlopen(f"{proxy.endpoint}/functions/f/versions?MaxItems=9") as answer:
            assert answer.read() == b"read"
        assert proxy.calls == ["DescribeStacks", "DescribeStacks", "GetTemplate", "GET /functions/f/versions"]
    server.shutdown()
    server.server_close()


def test_the_canned_service_gives_every_session_once_in_pages_of_the_requested_size() -> None:
    with serving(450, latency=0) as server:
        for size, pages in ((None, 9), (200, 3), (1000, 3)):
            server.calls, token = 0, None
            listed: list[str] = []
            while token is not None or not listed:
                request = {name: value for name, value in (("MaxResults", size), ("NextToken", token)) if value}
                with urllib.request.urlopen(server.endpoint, json.dumps(request).encode()) as answer:
                    page = json.load(answer)
                listed += [session["SessionId"] for session in page["Sessions"]]
                token = page.get("NextToken")
            assert (len(set(listed)), len(listed), server.calls) == (450, 450, pages)
