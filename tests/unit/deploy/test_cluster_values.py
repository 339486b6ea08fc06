"""The environment's Secret as variables: what could not be had of it is told to who needs it, and to nobody else."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, cast

import pytest

from tests.unit.operations.worlds import PLAIN
from veza_tui.model.errors import ConfigError
from veza_tui.operations.cluster_values import kubernetes_secret
from veza_tui.ports.cluster import Cluster, ClusterError, Denied, NotFound
from veza_tui.workspace.load import Workspace
from veza_tui.workspace.variables import Variables


class Held:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    async def get(self, *_: Any) -> Any:
        if isinstance(self.answer, ClusterError):
            raise self.answer
        return {"data": self.answer}


def variables(answer: Any, folder: Path) -> Variables:
    cluster = cast(Cluster, Held(answer))
    return Variables(Workspace(folder), "development", process={}, cluster=lambda: kubernetes_secret(cluster, PLAIN))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Denied('secrets "veza-development-secrets" is forbidden', status=403), "cannot be read: secrets .* forbidden"),
        ({"db_password": base64.b64encode(b"\xff\xfe").decode()}, "has db_password, which is no UTF-8 text"),
        ({}, "nor in the environment's Kubernetes Secret"),
        (NotFound("none", status=404), "nor in the environment's Kubernetes Secret"),
    ],
)
async def test_who_needs_it_is_told_why_it_is_not_there(answer: Any, words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=words):
        await variables(answer, tmp_path)("${DB_PASSWORD}")
    assert await variables(answer, tmp_path)("${DB_PASSWORD:-mine}") == "mine"


async def test_what_can_be_read_is(tmp_path: Path) -> None:
    held = {"db_password": base64.b64encode("Zoë".encode()).decode(), "bad": "%%%"}
    assert await variables(held, tmp_path)("${DB_PASSWORD}") == "Zoë"
