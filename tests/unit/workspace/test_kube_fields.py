"""The table of Kubernetes' fields is the client's, and the shipped manifests fit the client's strict models."""

from __future__ import annotations

import pytest

from tests.tools.kube_fields import KINDS, table
from tests.unit.workspace.conftest import Room
from veza_tui.workspace.kubeschema import fields


def test_the_table_is_up_to_date() -> None:
    made = fields()
    assert {key: made[key] for key in ("kinds", "types")} == table(), "run python -m tests.tools.kube_fields"


@pytest.mark.parametrize("name", ["development", "staging", "production"])
def test_the_shipped_manifests_fit_the_clients_models(name: str, room: Room) -> None:
    from kubernetes import client

    for manifest in room.workspace.manifests(name):
        model = getattr(client, KINDS[f"{manifest.api_version}/{manifest.kind}"])
        model.model_validate(manifest.object)
