"""The overview asks every five seconds for the newest backup: a bucket is not asked each time."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.operations.worlds import PLAIN
from veza_tui.model.errors import UnreachableError
from veza_tui.wiring import feeds


@pytest.mark.parametrize(("storage", "asked"), [("", 4), ("s3://veza/prod", 2)])
async def test_a_bucket_is_asked_twice_a_minute(storage: str, asked: int, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[float] = []
    now = 0.0
    environment = replace(PLAIN, backup=replace(PLAIN.backup, storage=storage))

    def opened(*_: Any) -> Any:
        calls.append(now)
        if now == 30.0:
            raise UnreachableError("the bucket does not answer")
        return SimpleNamespace(list=list, manifests_only=bool(storage))

    monkeypatch.setattr(feeds, "open_storage", opened)
    workspace: Any = SimpleNamespace(environment=lambda name: environment)
    newest = feeds.newest_backup_of(lambda: workspace, lambda: now)
    assert await newest(PLAIN.name) is None
    now = 5.0
    assert await newest(PLAIN.name) is None
    now = 30.0
    for _ in range(2):
        with pytest.raises(UnreachableError):
            await newest(PLAIN.name)
    assert len(calls) == asked
