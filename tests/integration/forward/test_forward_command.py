"""``veza-tui forward`` as a child process on an API server with pods that really listen."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.tools.forward_client import Forwarding, Lab
from tests.tools.forward_lab import BLOCK, NAMESPACE

pytestmark = pytest.mark.integration
SIZE = 32 << 20


def ask(port: int, order: bytes, *, timeout: float = 20.0) -> bytes:
    """The whole answer to one order."""
    with socket.create_connection(("127.0.0.1", port), timeout) as sock:
        sock.sendall(order + b"\n")
        out = bytearray()
        while data := sock.recv(1 << 18):
            out += data
    return bytes(out)


def kubectl(lab: Lab, *arguments: str) -> str:
    program = shutil.which("kubectl")
    if program is None:
        pytest.skip("no kubectl on this machine")
    return subprocess.run(
        [program, *arguments, "-n", NAMESPACE], env=lab.environment, check=True, capture_output=True, text=True
    ).stdout


def pods(lab: Lab, app: str) -> set[str]:
    found = kubectl(lab, "get", "pods", "-l", f"app={app}", "-o", "jsonpath={.items[*].metadata.name}").split()
    return set(found)


def refused(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize("target", ["service/bytes", "deployment/bytes", "bytes"])
def test_targets_lead_to_a_pod(lab: Lab, target: str) -> None:
    remote = "9000" if target.startswith("deployment") else "data"
    with Forwarding(lab, "development", target, f":{remote}") as forward:
        ready = forward.until(type="ready")
        assert ready["pod"] in pods(lab, "bytes")
        assert ready["pod_port"] == 9000
        assert ask(ready["port"], b"name").decode().strip() == ready["pod"]
        forward.until(type="connection", served=1, connections=0)
        assert forward.end() == 130
    assert refused(ready["port"])


def test_both_directions_byte_for_byte_with_a_half_close(lab: Lab) -> None:
    with Forwarding(lab, "development", "service/bytes", ":80") as forward:
        port = forward.until(type="ready")["port"]
        got = ask(port, b"get %d" % SIZE)
        assert len(got) == SIZE
        assert hashlib.sha256(got).digest() == hashlib.sha256(BLOCK * (SIZE // len(BLOCK))).digest()
        with socket.create_connection(("127.0.0.1", port), 20) as sock:
            sock.sendall(b"put\n" + got)
            sock.shutdown(socket.SHUT_WR)
            answer = b""
            while data := sock.recv(4096):
                answer += data
        assert answer.split() == [b"%d" % SIZE, hashlib.sha256(got).hexdigest().encode()]
        end = forward.until(type="connection", served=2, connections=0)
        assert end["received"] == SIZE + len(answer)
        assert end["sent"] == SIZE + len(b"put\n") + len(b"get %d\n" % SIZE)


def test_a_hundred_connections_at_once(lab: Lab) -> None:
    with Forwarding(lab, "development", "service/bytes", ":80") as forward:
        port = forward.until(type="ready")["port"]
        sockets = [socket.create_connection(("127.0.0.1", port), 20) for _ in range(100)]
        with contextlib.ExitStack() as stack:
            for number, sock in enumerate(sockets):
                stack.enter_context(sock)
                sock.sendall(b"echo\n%03d" % number)
            for number, sock in enumerate(sockets):
                assert sock.recv(16) == b"%03d" % number
            forward.until(type="connection", connections=100)


def test_a_slow_reader_does_not_hold_up_the_others(lab: Lab) -> None:
    with Forwarding(lab, "development", "service/bytes", ":80") as forward:
        port = forward.until(type="ready")["port"]
        with socket.create_connection(("127.0.0.1", port), 20) as slow:
            slow.sendall(b"get 2000000000\n")
            time.sleep(0.3)
            assert ask(port, b"name")
            pages = Path(f"/proc/{forward.process.pid}/statm").read_text().split()[1]
            resident = int(pages) * os.sysconf("SC_PAGE_SIZE")
            assert resident < 200e6


def test_it_follows_a_pod_that_is_replaced(lab: Lab) -> None:
    with Forwarding(lab, "development", "service/bytes", ":80") as forward:
        ready = forward.until(type="ready")
        kubectl(lab, "delete", "pod", ready["pod"], "--wait=false")
        began = time.monotonic()
        # Before its deletion is known, a connection may still lead to the dying pod, and end with it.
        moved = forward.until(type="state", state="ready")
        name = ask(ready["port"], b"name").decode().strip()
        assert name == moved["pod"] and name not in ("", ready["pod"])
        assert time.monotonic() - began < 2.0


def test_a_named_pod_is_followed_to_its_replacement(lab: Lab) -> None:
    name = sorted(pods(lab, "bytes"))[0]
    with Forwarding(lab, "development", f"pod/{name}", ":9000") as forward:
        ready = forward.until(type="ready")
        assert ask(ready["port"], b"name").decode().strip() == name
        kubectl(lab, "delete", "pod", name, "--wait=false")
        moved = forward.until(type="state", state="ready")
        assert moved["pod"] != name
        assert ask(ready["port"], b"name").decode().strip() == moved["pod"]


def test_connections_made_while_there_is_no_pod_wait_for_one(lab: Lab) -> None:
    with Forwarding(lab, "development", "deployment/bytes", ":9000") as forward:
        ready = forward.until(type="ready")
        kubectl(lab, "scale", "deployment/bytes", "--replicas=0")
        waiting = forward.until(type="state", state="waiting")
        assert waiting["detail"]
        answers: list[bytes] = []
        thread = threading.Thread(target=lambda: answers.append(ask(ready["port"], b"name")))
        thread.start()
        forward.until(type="connection", connections=1)
        kubectl(lab, "scale", "deployment/bytes", "--replicas=2")
        thread.join(20)
        assert answers
        assert answers[0].decode().strip() in pods(lab, "bytes")


def test_it_outlives_a_restart_of_the_api_server(lab: Lab) -> None:
    with Forwarding(lab, "development", "service/bytes", ":80") as forward:
        ready = forward.until(type="ready")
        lab.order("stop")
        try:
            lost = forward.until(type="state", state="cluster lost")
            assert lost["detail"]
            answers: list[bytes] = []
            thread = threading.Thread(target=lambda: answers.append(ask(ready["port"], b"name")))
            thread.start()
            forward.until(type="connection", connections=1)
        finally:
            lab.order("start")
        began = time.monotonic()
        thread.join(20)
        assert answers
        assert answers[0].strip()
        assert time.monotonic() - began < 2.0
        forward.until(type="state", state="ready", timeout=5.0)


def test_a_port_where_nobody_listens_fails_clearly(lab: Lab) -> None:
    with Forwarding(lab, "development", "deployment/bytes", ":9999") as forward:
        port = forward.until(type="ready")["port"]
        with pytest.raises(ConnectionResetError):
            ask(port, b"name")
        assert "refused" in forward.until(type="error")["error"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGKILL, -9)])
def test_nothing_listens_afterwards(lab: Lab, number: int, code: int) -> None:
    with Forwarding(lab, "development", "service/bytes", ":80") as forward:
        port = forward.until(type="ready")["port"]
        with socket.create_connection(("127.0.0.1", port), 20) as sock:
            sock.sendall(b"echo\nx")
            assert sock.recv(1) == b"x"
            assert forward.end(number) == code
    assert refused(port)


def test_productions_database_asks_expires_and_is_audited(lab: Lab) -> None:
    silent = lab.run("forward", "production", "database", ":5432")
    assert silent.returncode == 2
    assert b"--confirm production" in silent.stderr
    wrong = lab.run("forward", "production", "service/postgres", ":5432", "--confirm", "staging")
    assert wrong.returncode == 2
    arguments = ("production", "database", ":5432", "--confirm", "production", "--expires", "1s", "--reason", "look")
    with Forwarding(lab, *arguments) as forward:
        ready = forward.until(type="ready")
        assert ready["expires"] > ready["at"]
        assert ready["paste"].startswith(f"psql 'host=127.0.0.1 port={ready['port']} ")
        assert "DB_PASSWORD" not in ready["paste"]
        assert forward.process.wait(10) == 0
    assert refused(ready["port"])
    intent, outcome = lab.audit()[-2:]
    assert (intent["type"], intent["kind"], intent["reason"]) == ("intent", "forward-database", "look")
    assert (outcome["type"], outcome["outcome"]) == ("outcome", "expired")
    assert outcome["seconds"] >= 1.0


def test_staging_needs_no_question(lab: Lab) -> None:
    with Forwarding(lab, "staging", "database", ":5432") as forward:
        ready = forward.until(type="ready")
        assert ready["expires"] is None
        assert ask(ready["port"], b"name").startswith(b"postgres-")


def test_usage_and_refusals(lab: Lab) -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    with taken:
        port = taken.getsockname()[1]
        found = lab.run("forward", "development", "service/bytes", f"{port}:80")
        assert found.returncode == 1
        assert b"is free: write" in found.stderr
    assert lab.run("forward", "development", "service/bytes", "81").returncode == 2
    assert lab.run("forward", "development", "pod/none", "81").returncode == 1
    outside = lab.run("forward", "production", "cache")
    assert outside.returncode == 6
    assert b"redis-cli -h prod-redis.veza.com" in outside.stderr
    text = (lab.workspace / "environments" / "staging.yaml").read_text()
    (lab.workspace / "environments" / "staging.yaml").write_text(text.replace('context: "admin"', 'context: "viewer"'))
    try:
        denied = lab.run("forward", "staging", "service/bytes", ":80")
    finally:
        (lab.workspace / "environments" / "staging.yaml").write_text(text)
    assert denied.returncode == 6
    assert b"pods/portforward" in denied.stderr


def test_presets_are_listed(lab: Lab) -> None:
    found = lab.run("forward", "production")
    assert found.returncode == 0
    assert b"service/grafana:3000 in monitoring" in found.stdout
    assert f"service/postgres:5432 in {NAMESPACE}".encode() in found.stdout
