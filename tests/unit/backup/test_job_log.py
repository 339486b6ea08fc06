"""The log of a backup's Job: followed through cuts, its result believed once, its silence explained."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.unit.backup.conftest import Clock
from veza_tui.model.errors import VezaError
from veza_tui.operations.backup.job_log import follow
from veza_tui.ports.cluster import ClusterError, NotFound

DONE = json.dumps({"is": "done", "name": "20261123_120000", "size": 10, "rows": 3}) + "\n"
BAR = {"done": 1, "total": 2, "rate": 1.0, "eta": 1.0, "table": "public.t", "tables_done": 0, "tables": 1}
PROGRESS = json.dumps({"is": "progress", **BAR}) + "\n"


def pod(phase: str, **state: Any) -> dict[str, Any]:
    status = {"phase": phase, "containerStatuses": [{"state": state or {"running": {}}}]}
    return {"metadata": {"name": "job-x"}, "status": status}


class Script:
    """A cluster that answers by its script: ``pods`` one a question (the last for ever), ``logs`` one a reading."""

    def __init__(self, pods: list[Any], logs: list[Any], job: Any = None) -> None:
        self.pods, self.read, self.job = pods, iter(logs), job
        self.tails: list[int | None] = []

    def _pod(self) -> Any:
        return self.pods.pop(0) if len(self.pods) > 1 else self.pods[0]

    async def list_all(self, *_: Any, **__: Any) -> list[Any]:
        found = self._pod()
        return [found] if found else []

    async def get(self, resource: Any, *_: Any) -> Any:
        found = self.job if resource.kind == "Job" else self._pod()
        if found is None:
            raise NotFound("it is gone", status=404)
        if isinstance(found, Exception):
            raise found
        return found

    async def logs(self, *_: Any, tail: int | None, **__: Any) -> AsyncIterator[bytes]:
        self.tails.append(tail)
        for part in next(self.read):
            if isinstance(part, Exception):
                raise part
            yield part.encode()


class Told:
    """A context that only listens."""

    def __init__(self, cluster: Script) -> None:
        self.cluster, self.clock, self.report = cluster, Clock(), self
        self.said: list[str] = []
        self.bars: list[str] = []

    def output(self, line: str) -> None:
        self.said.append(line)

    def progress(self, fraction: float | None, detail: str = "", **_: Any) -> None:
        self.bars.append(detail)


async def run(cluster: Script) -> tuple[Any, Told]:
    context = Told(cluster)
    return await follow(context, "job", "veza"), context  # type: ignore[arg-type]


async def test_a_log_that_is_cut_is_taken_up_again() -> None:
    cut = ClusterError("connection reset")
    down = ClusterError("no", status=503)
    running = pod("Running")
    cluster = Script([running, running, down, running], [["a wor", "d\n", PROGRESS], [cut], ["a word\n", DONE]])
    result, told = await run(cluster)
    assert result == {"name": "20261123_120000", "size": 10, "rows": 3}
    assert told.said == ["a word"], "once, although it was read twice"
    assert any("public.t" in bar for bar in told.bars)
    assert any("connection reset" in bar for bar in told.bars)
    assert cluster.tails == [None, 50, 50]


async def test_what_the_job_says_is_the_error() -> None:
    said = json.dumps({"is": "failed", "message": "no\x1b[2J room", "hint": "make some", "exit": 6})
    with pytest.raises(VezaError, match="make some") as caught:
        await run(Script([pod("Running")], [[said]]))
    assert (caught.value.exit, "\x1b" in str(caught.value)) == (6, False)


@pytest.mark.parametrize(
    ("pods", "logs", "words"),
    [
        ([pod("Running"), pod("Failed", terminated={"reason": "OOMKilled", "exitCode": 137})], [["dying\n"]],
         "ended without a result: dying; OOMKilled, exit code 137"),
        ([pod("Running"), None], [[NotFound("x", status=404)]], "its pod is gone"),
        ([pod("Pending", waiting={"reason": "ErrImagePull", "message": "no such image"})], [],
         "cannot start: ErrImagePull no such image"),
    ],
)  # fmt: skip
async def test_an_end_without_a_word_is_explained(pods: list[Any], logs: list[Any], words: str) -> None:
    with pytest.raises(VezaError, match=words):
        await run(Script(pods, logs))


async def test_what_holds_the_pod_up_is_told() -> None:
    unplaced = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}
    waits = {"metadata": {"name": "job-x"}, "status": {"phase": "Pending", "conditions": [unplaced]}}
    _, told = await run(Script([waits, waits, pod("Running")], [[DONE]]))
    assert told.bars == ["the Job's pod waits: Unschedulable 0/3 nodes"]
    failed = {"type": "Failed", "status": "True", "reason": "DeadlineExceeded", "message": "too long"}
    with pytest.raises(VezaError, match="cannot start: DeadlineExceeded too long"):
        await run(Script([None], [], job={"status": {"conditions": [failed]}}))
    with pytest.raises(VezaError, match="was removed before its pod started"):
        await run(Script([None], []))
