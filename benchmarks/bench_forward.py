"""``python -m benchmarks.bench_forward``: throughput against kubectl in the same run, 1 GB byte for byte."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence

from tests.tools.forward_client import ROOT, Lab, forward_lab
from tests.tools.forward_lab import BLOCK

_RECV = 1 << 20
BUDGET = 0.8


@contextlib.contextmanager
def forwarding(command: Sequence[str], lab: Lab, says: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program that forwards, once it has printed that it does."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, env=lab.environment, cwd=ROOT)
    assert child.stdout is not None
    try:
        line = child.stdout.readline().decode()
        if says not in line:
            raise RuntimeError(f"{command[0]} said {line!r}")
        threading.Thread(target=child.stdout.read, daemon=True).start()
        yield child
    finally:
        child.terminate()
        child.wait(20)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def get(port: int, size: int, *, check: bool = False) -> tuple[float, bool]:
    """(seconds, whether it was byte-identical) of a download."""
    digest = hashlib.sha256()
    begin, left = time.monotonic(), size
    buffer = bytearray(_RECV)
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(b"get %d\n" % size)
        while count := sock.recv_into(buffer):
            left -= count
            if check:
                digest.update(memoryview(buffer)[:count])
    took = time.monotonic() - begin
    return took, left == 0 and (not check or digest.hexdigest() == expected(size))


def put(port: int, size: int) -> tuple[float, bool]:
    """The same for an upload that ends in a half-close and is answered afterwards."""
    begin, left = time.monotonic(), size
    answer = b""
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(b"put\n")
        while left > 0:
            sock.sendall(BLOCK[:left])
            left -= len(BLOCK)
        sock.shutdown(socket.SHUT_WR)
        while data := sock.recv(4096):
            answer += data
    return time.monotonic() - begin, answer.split() == [b"%d" % size, expected(size).encode()]


def expected(size: int) -> str:
    """SHA-256 of what ``get`` sends."""
    digest, left = hashlib.sha256(), size
    while left > 0:
        digest.update(BLOCK[:left])
        left -= len(BLOCK)
    return digest.hexdigest()


def many(port: int, count: int) -> tuple[float, int]:
    """(seconds, right answers) of so many connections at once, 1 MB each."""
    right: list[bool] = []
    begin = time.monotonic()
    threads = [threading.Thread(target=lambda: right.append(get(port, 1_000_000)[1])) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - begin, sum(right)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the numbers; exit 1 when one is out of its budget."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_forward")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=256)
    options = parser.parse_args(argv)
    size = options.megabytes * 1_000_000
    kubectl = shutil.which("kubectl")
    failed = False
    with forward_lab() as lab, contextlib.ExitStack() as stack:
        ports = {"veza-tui": free_port()}
        ours = lab.command("forward", "development", "service/bytes", f"{ports['veza-tui']}:80")
        stack.enter_context(forwarding(ours, lab, "->"))
        if kubectl:
            ports["kubectl"] = free_port()
            theirs = [kubectl, "port-forward", "service/bytes", f"{ports['kubectl']}:80"]
            stack.enter_context(forwarding(theirs, lab, "Forwarding from"))
        took: dict[tuple[str, str], list[float]] = {}
        for _ in range(options.rounds):
            for name, port in ports.items():
                for way, run in (("down", get), ("up", put)):
                    seconds, right = run(port, size)
                    failed = failed or not right
                    took.setdefault((name, way), []).append(size / seconds / 1e6)
        for way in ("down", "up"):
            rate = {name: statistics.median(took[name, way]) for name in ports}
            line = f"  {way:<5} veza-tui {rate['veza-tui']:6.0f} MB/s"
            if kubectl:
                ratio = rate["veza-tui"] / rate["kubectl"]
                best = max(took["veza-tui", way]) / max(took["kubectl", way])
                good = ratio >= BUDGET
                failed = failed or not good
                line += f"   kubectl {rate['kubectl']:6.0f} MB/s   ratio {ratio:.2f} (best of each {best:.2f})"
                line += f"   budget {BUDGET}  {'pass' if good else 'FAIL'}"
            print(line, flush=True)
        seconds, right = get(ports["veza-tui"], 1_000_000_000, check=True)
        failed = failed or not right
        print(f"  1 GB down, checked: {'byte-identical' if right else 'DIFFERENT'} in {seconds:.1f} s", flush=True)
        seconds, count = many(ports["veza-tui"], 100)
        failed = failed or count != 100
        print(f"  100 connections at once, 1 MB each: {count} right in {seconds:.1f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
