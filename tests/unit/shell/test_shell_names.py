"""Somebody who mistyped is told what is near, also where nothing may be listed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from veza_tui.model.environment import Environment
from veza_tui.model.errors import ConfigError
from veza_tui.model.exits import Exit
from veza_tui.operations.forward.presets import resolve
from veza_tui.operations.shell.place import find_place
from veza_tui.ports.cluster import PODS, Denied, NotFound
from veza_tui.resources import shipped
from veza_tui.workspace.load import load_workspace


class Cluster:
    """One pod."""

    def __init__(self, *, denied: bool = False) -> None:
        self.denied = denied

    async def get(self, *_: Any) -> Any:
        raise NotFound("none", status=404)

    async def list_all(self, resource: Any, *_: Any, **__: Any) -> list[Any]:
        if self.denied:
            raise Denied("no", status=403)
        return [{"metadata": {"name": "backend-api-x2x9z"}}] if resource == PODS else []


@pytest.fixture
def environment() -> Environment:
    return load_workspace(Path(shipped("environments")).parent).environment("development")


@pytest.mark.parametrize(("denied", "words"), [(False, "did you mean backend-api-x2x9z?"), (True, "there is no")])
@pytest.mark.parametrize("ask", [find_place, resolve])
async def test_the_nearest_is_proposed(environment: Environment, denied: bool, words: str, ask: Any) -> None:
    with pytest.raises(ConfigError) as told:
        await ask(Cluster(denied=denied), environment, "backend-api-x2x9")
    assert words in str(told.value)
    assert told.value.exit is Exit.USAGE
