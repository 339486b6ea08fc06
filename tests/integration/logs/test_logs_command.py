"""``veza-tui logs`` as a child process: data, pipes, signals, exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.tools.log_server import FILL


def run(env: dict[str, str], *arguments: str, timeout: float = 20) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "veza_tui", "logs", *arguments],
        env={**os.environ, **env},
        capture_output=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
    )


def start(env: dict[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "veza_tui", "logs", *arguments],
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )


def test_everything_once_and_the_pod_s_end_is_the_end(ended: dict[str, str]) -> None:
    done = run(ended, "logs", "web-0")
    assert done.returncode == 0
    assert done.stdout == "".join(f"line {n} of web-0 {FILL}\n" for n in range(5000)).encode()
    assert b"web-0/app: ended with exit 0" in done.stderr


def test_tail_timestamps_grep_invert_and_names(ended: dict[str, str]) -> None:
    done = run(ended, "logs", "--no-follow", "--tail", "3", "--timestamps")
    lines = done.stdout.decode().splitlines()
    assert [line.split(" ")[0] for line in lines] == ["web-0/app"] * 3
    assert lines[0].split(" ")[1].startswith("2023-11-14T22:13:20.") and lines[0].split(" ")[1].endswith("Z")
    done = run(ended, "logs", "web-0", "--no-follow", "--grep", "line 49[0-9]9 ")
    assert done.stdout.decode().split("\n")[0] == f"line 4909 of web-0 {FILL}"
    assert done.stdout.count(b"\n") == 10
    done = run(ended, "logs", "pod/web-0", "--no-follow", "--grep", "line .*[0-8] of", "--invert", "--tail", "20")
    assert done.stdout.count(b"\n") == 2


def test_json_is_a_document_a_line(busy: dict[str, str]) -> None:
    done = run(busy, "logs", "--no-follow", "--json", "--tail", "60")
    documents: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert {d["pod"] for d in documents} == {"web-0", "web-1", "web-2"}
    assert all(d["time"].endswith("Z") and d["container"] == "app" for d in documents)
    assert [d["time"] for d in documents] == sorted(d["time"] for d in documents)
    assert any(d["level"] == "info" for d in documents)
    assert b"\x1b" not in done.stdout
    assert b"\xc2\x9b" not in done.stdout


def test_no_control_character_reaches_a_pipe(busy: dict[str, str]) -> None:
    done = run(busy, "logs", "--no-follow", "--tail", "400")
    text = done.stdout.decode()
    assert "EVIL" in text
    assert not {c for c in text if c != "\n" and c != "\t" and not c.isprintable()}
    assert "␛[2J␛[31mEVIL" in text
    assert "\\xff\\xfeEVIL" in text


def test_a_closed_pipe_ends_it_without_a_word(busy: dict[str, str]) -> None:
    child = start(busy, "logs")
    assert child.stdout is not None and child.stderr is not None
    assert child.stdout.readline()
    child.stdout.close()
    assert child.wait(10) == 141
    assert child.stderr.read() == b""
    child.stderr.close()


def test_a_closed_pipe_is_noticed_while_nothing_is_logged(busy: dict[str, str]) -> None:
    child = start(busy, "logs", "--grep", "this is never logged")
    assert child.stdout is not None and child.stderr is not None
    child.stdout.close()
    assert child.wait(10) == 141
    child.stderr.close()


def test_ctrl_c_is_130(busy: dict[str, str]) -> None:
    child = start(busy, "logs", "web-1")
    assert child.stdout is not None and child.stderr is not None
    assert child.stdout.readline()
    child.send_signal(signal.SIGINT)
    _, words = child.communicate(timeout=10)
    assert child.returncode == 130
    assert b"Traceback" not in words


def test_ctrl_c_ends_it_also_while_nobody_reads(busy: dict[str, str]) -> None:
    child = start(busy, "logs", "--tail", "5000")
    assert child.stdout is not None and child.stderr is not None
    os.read(child.stdout.fileno(), 1)  # then the pipe fills up
    child.send_signal(signal.SIGINT)
    assert child.wait(10) == 130
    child.stdout.close()
    child.stderr.close()


def test_wrong_names_patterns_and_times_are_usage(ended: dict[str, str]) -> None:
    for arguments in (
        ("nowhere",),
        ("logs", "no-such-thing", "--no-follow"),
        ("logs", "--grep", "("),
        ("logs", "--grep", "(a+)+"),
        ("logs", "--since", "lately"),
    ):
        done = run(ended, *arguments)
        assert done.returncode == 2, (arguments, done.stderr)
        assert done.stderr.startswith(b"veza-tui: ")
        assert done.stderr.count(b"\n") == 1


def test_no_api_server_is_3(ended: dict[str, str], tmp_path: Path) -> None:
    config = json.loads(Path(ended["KUBECONFIG"]).read_text())
    config["clusters"][0]["cluster"] = {"server": "http://127.0.0.1:9"}
    (tmp_path / "kubeconfig").write_text(json.dumps(config))
    env = {**ended, "KUBECONFIG": str(tmp_path / "kubeconfig")}
    assert run(env, "logs").returncode == 3


def test_a_container_that_nobody_has_is_usage(ended: dict[str, str]) -> None:
    env = ended
    done = run(env, "logs", "web-0", "--tail", "1", "--no-follow", "--container", "other")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"has a container 'other'" in done.stderr
    assert b"theirs: app" in done.stderr
