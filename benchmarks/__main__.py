"""``python -m benchmarks``: every number the project promises, against its budget and against a named peer."""

from __future__ import annotations

import argparse
import os
import sys

from benchmarks import measure
from benchmarks.platform import platform

_failed: list[str] = []


def row(name: str, value: float, unit: str, budget: float | None, peer: str = "") -> None:
    """One line of the report."""
    verdict = ""
    if budget is not None:
        good = value <= budget
        verdict = f"budget {budget:g} {unit}  {'pass' if good else 'FAIL'}"
        if not good:
            _failed.append(name)
    print(f"  {name:<44} {value:>10.2f} {unit:<6} {verdict:<30} {peer}", flush=True)


def main() -> int:
    """Run them all; exit 1 when a budget is exceeded and --strict is given."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a budget is exceeded")
    parser.add_argument("--seconds", type=float, default=40.0, help="length of the rest measurement")
    parser.add_argument(
        "--only", choices=("wire", "keys", "platform", "logs", "forward", "database"), help="one part alone"
    )
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; numbers want a quiet machine\n")
    if options.only in (None, "wire"):
        print("Bytes on the wire, 300 pods, 160x50, synthetic feed")
        ours, peer = measure.wire(), measure.datatable()
        ratio = peer["visible"] / max(ours["visible"], 1)
        row("nothing changes", ours["idle"], "B/s", 0)
        row("one visible pod changes", ours["visible"], "B", 600,
            f"Textual's DataTable {peer['visible']:.0f} B: {ratio:.0f} times ours")  # fmt: skip
        row("one off-screen pod changes", ours["off_screen"], "B", 0)
        row("CPU for one visible change", ours["visible_cpu"], "ms", None, f"DataTable {peer['visible_cpu']:.1f} ms")
    if options.only in (None, "keys"):
        from tests.tools.heavy import BUDGET, verdicts

        print("\nHow long a key may wait (the event loop's longest absence, median of three runs)")
        for name, dog in verdicts():
            row(name, dog.worst * 1000, "ms", BUDGET * 1000, f"work of ours {dog.worst_work * 1000:.0f} ms")
    if options.only in (None, "platform"):
        print("\nThe real program on the embedded platform, 300 pods in production, three environments live")
        with platform("--pods", "300", "--traffic", "0") as ready:
            start = measure.starts(ready)
            kubectl = measure.kubectl_start(ready, "veza-production")
            # What else runs on the machine only adds: the best of seven is judged, the median shown.
            row("first paint, best of 7", start["paint"], "s", 0.4, f"median {start['paint_median']:.2f} s")
            against = "no kubectl here" if kubectl is None else f"kubectl get pods -w {kubectl:.2f} s"
            row("first live rows, best of 7", start["rows"], "s", 1.2,
                f"median {start['rows_median']:.2f} s; {start['rows_cpu']:.2f} s of CPU; {against}")  # fmt: skip
            rest = measure.rest(ready, options.seconds)
            row("CPU at rest", rest["cpu"], "%", 1.0)
            row("bytes at rest (health checks come in)", rest["bytes"], "B/s", None)
            row("resident memory", rest["rss"], "MB", 90)
    if options.only in (None, "logs"):
        from benchmarks import bench_logs

        print("\nLogs against kubectl logs -f, the start of the process included; twelve busy pods on the screen")
        if bench_logs.report():
            _failed.append("logs")
    if options.only in (None, "forward"):
        from benchmarks import bench_forward

        print("\nPort forwards against kubectl port-forward")
        if bench_forward.main([]):
            _failed.append("forwards")
    if options.only in (None, "database"):
        from benchmarks import bench_backup, bench_restore

        print("\nBackups against pg_dump; the outage of a restore")
        for name, bench in (("backups", bench_backup), ("restores", bench_restore)):
            if bench.main(["--strict"]):
                _failed.append(name)
    if _failed:
        print(f"\nover budget: {', '.join(_failed)}")
    return 1 if _failed and options.strict else 0


if __name__ == "__main__":
    sys.exit(main())
