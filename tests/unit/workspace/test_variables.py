"""${VAR}: the order of sources, and a value that never shows."""

from __future__ import annotations

import copy
import json
import pickle
import traceback
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.workspace.conftest import Room
from veza_tui.model.errors import ConfigError
from veza_tui.model.secret import Secret
from veza_tui.workspace.variables import Variables, references

VALUE = "s3cr3t-v4lue"


def variables(room: Room, process: Mapping[str, str] | None = None, held: Mapping[str, str] | None = None) -> Variables:
    asked: list[int] = []

    async def cluster() -> Mapping[str, str]:
        asked.append(1)
        return held or {}

    made = Variables(room.workspace, "production", process=process or {}, cluster=None if held is None else cluster)
    made.asked = asked  # type: ignore[attr-defined]
    return made


async def test_order_file_process_cluster(room: Room) -> None:
    held = {"a": "cluster", "B": "cluster", "c": "cluster", "C": "exact"}
    room.write("secrets/production.env", "A=file\n")
    found = variables(room, {"A": "process", "B": "process"}, held)
    assert await found("${A} ${B} ${C}") == "file process exact"


async def test_the_cluster_is_asked_only_when_needed(room: Room) -> None:
    room.write("secrets/production.env", "A=file\n")
    found = variables(room, held={"db_password": "cluster"})
    assert await found("${A}") == "file"
    assert found.asked == []  # type: ignore[attr-defined]
    assert await found("${DB_PASSWORD}") == "cluster"
    assert found.asked == [1]  # type: ignore[attr-defined]


async def test_preload_lets_the_sync_way_know_the_cluster(room: Room) -> None:
    (room.root / "secrets/production.env").unlink()
    found = variables(room, held={"db_password": "cluster"})
    with pytest.raises(ConfigError, match="DB_PASSWORD"):
        found.resolve("${DB_PASSWORD}")
    await found.preload()
    assert found.resolve("${DB_PASSWORD}").reveal() == "cluster"


def test_the_file_is_read_at_the_moment_of_use(room: Room) -> None:
    found = variables(room)
    room.write("secrets/production.env", "A=one\n")
    assert found.resolve("${A}").reveal() == "one"
    room.write("secrets/production.env", "A=two\n")
    assert found.resolve("${A}").reveal() == "two"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("plain", "plain"),
        ("pa$$word$", "pa$$word$"),
        ("$A", "$A"),
        ("$${A}", "${A}"),
        ("${A}", "x"),
        ("<${A}${A}>", "<xx>"),
        ("${B:-other}", "other"),
        ("${EMPTY:-other}", "other"),
        ("${EMPTY}", ""),
        ("${B:-}", ""),
        ("${A:-other}", "x"),
    ],
)
def test_syntax(text: str, wanted: str, room: Room) -> None:
    room.write("secrets/production.env", "A=x\nEMPTY=\n")
    assert variables(room).resolve(text).reveal() == wanted


@pytest.mark.parametrize("text", ["${", "${}", "${1A}", "${A", "${A B}", "${A-x}", "x ${A:=y}"])
def test_malformed_references_are_refused(text: str, room: Room) -> None:
    with pytest.raises(ConfigError):
        variables(room, {"A": VALUE}).resolve(text)


def test_missing_is_one_line_that_names_the_variable_and_the_file(room: Room) -> None:
    room.write("secrets/production.env", f"OTHER={VALUE}\n")
    with pytest.raises(ConfigError) as caught:
        variables(room, {"ALSO": VALUE}).resolve("${NOPE}")
    line = str(caught.value)
    assert "NOPE" in line
    assert "secrets/production.env" in line
    assert VALUE not in "".join(traceback.format_exception(caught.value))


def test_a_broken_secrets_file_is_named_by_line(room: Room) -> None:
    room.write("secrets/production.env", f"A=1\n{VALUE}\n")
    with pytest.raises(ConfigError, match=r"secrets/production\.env:2") as caught:
        variables(room).resolve("${A}")
    assert VALUE not in str(caught.value)


def test_a_secret_shows_nowhere() -> None:
    secret = Secret(VALUE)
    for shown in (
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret:>40}",
        f"{secret!r}",
        repr([secret]),
    ):
        assert VALUE not in shown
    assert VALUE not in repr({"a": copy.deepcopy(secret), "b": copy.copy(secret)})
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert not hasattr(secret, "__dict__")
    assert secret == Secret(VALUE)
    assert secret != Secret("x")
    assert secret != VALUE
    assert secret.reveal() == VALUE


@given(st.text(max_size=60))
def test_never_anything_but_a_config_error(text: str) -> None:
    try:
        references(text)
    except ConfigError as error:
        assert str(error).isprintable()
