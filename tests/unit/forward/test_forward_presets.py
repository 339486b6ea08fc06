"""Presets and the lines to paste."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from veza_tui.model.environment import Environment
from veza_tui.model.errors import ConfigError, RefusedError
from veza_tui.model.forward import ForwardState, ForwardStatus, ForwardTarget
from veza_tui.operations.forward.presets import (
    in_cluster,
    is_database,
    paste_line,
    presets,
    resolve,
    spec_of,
    store_line,
)
from veza_tui.operations.forward.times import seconds_of, time_text
from veza_tui.ports.cluster import JSONObject, NotFound, Resource
from veza_tui.resources import shipped
from veza_tui.workspace.load import load_workspace


class Services:
    """A cluster that has these objects and nothing else."""

    def __init__(self, *objects: tuple[str, str, JSONObject]) -> None:
        self.objects = {(plural, name): obj for plural, name, obj in objects}

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> JSONObject:
        found = self.objects.get((resource.plural, name))
        if found is None:
            raise NotFound(f"{name} not found", status=404)
        return found

    async def list_all(self, resource: Resource, namespace: str | None = None, **_: Any) -> list[JSONObject]:
        return [obj for (plural, _), obj in self.objects.items() if plural == resource.plural]


def service(name: str, **spec: Any) -> tuple[str, str, JSONObject]:
    return "services", name, {"metadata": {"name": name}, "spec": {"selector": {"a": "b"}, **spec}}


@pytest.fixture(scope="module")
def production() -> Environment:
    return load_workspace(Path(shipped("environments")).parent).environment("production")


def with_host(environment: Environment, host: str) -> Environment:
    return replace(environment, database=replace(environment.database, host=host))


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("postgres", ("postgres", "ns")),
        ("db.data.svc", ("db", "data")),
        ("db.data.svc.cluster.local", ("db", "data")),
        ("prod-db.veza.com", None),
        ("localhost", None),
        ("10.0.0.1", None),
        ("::1", None),
    ],
)
def test_which_hosts_are_names_in_the_cluster(host: str, found: tuple[str, str] | None) -> None:
    assert in_cluster(host, "ns") == found


async def test_presets_of_production(production: Environment) -> None:
    found = {p.name: p for p in await presets(Services(), production)}  # type: ignore[arg-type]
    assert list(found)[:2] == ["prometheus", "grafana"]
    assert found["grafana"].target == ForwardTarget("service", "grafana", "monitoring", "3000")
    assert {"backend-api", "chat-server", "stream-server"} <= found.keys()
    database = found["database"]
    assert database.target is None
    assert "outside the cluster" in database.why
    assert database.paste.startswith("psql 'host=prod-db.veza.com port=5432")
    assert "DB_PASSWORD" not in database.paste
    assert found["cache"].paste == "redis-cli -h prod-redis.veza.com -p 6379 --askpass -c"


@pytest.mark.parametrize(
    "host", ["postgres", "postgres.veza-production.svc.cluster.local", "postgres.data", "10.9.9.9"]
)
async def test_a_database_in_the_cluster_is_forwarded_to_and_guarded(production: Environment, host: str) -> None:
    cluster = Services(service("postgres", clusterIPs=["10.9.9.9"]))
    spec = await resolve(cluster, with_host(production, host), "database")  # type: ignore[arg-type]
    assert spec.target.name == "postgres"
    assert spec.guarded
    assert spec.expires_after == 1800.0


async def test_an_external_name_is_outside(production: Environment) -> None:
    cluster = Services(service("postgres", type="ExternalName", externalName="db.example.com"))
    with pytest.raises(RefusedError, match="outside the cluster"):
        await resolve(cluster, with_host(production, "postgres"), "database")  # type: ignore[arg-type]


async def test_whatever_leads_to_productions_database_is_guarded(production: Environment) -> None:
    environment = with_host(production, "pg")
    for target in (
        ForwardTarget("pod", "anything", "x", "5432"),
        ForwardTarget("service", "pg", production.kubernetes.namespace, "6000"),
    ):
        assert is_database(environment, target)
        assert spec_of(environment, target, "t").guarded
    assert not spec_of(environment, ForwardTarget("service", "backend-api", "x", "8080"), "t").guarded


async def test_bare_names_are_looked_for(production: Environment) -> None:
    cluster = Services(("deployments", "worker", {"metadata": {"name": "worker"}}))
    assert (await resolve(cluster, production, "worker", "80")).target.kind == "deployment"  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="no service, deployment or pod"):
        await resolve(cluster, production, "nobody", "80")  # type: ignore[arg-type]


def test_lines_to_paste(production: Environment) -> None:
    database = replace(production.database, user="o'brien", name="my db", ssl_mode="verify-full")
    environment = replace(production, database=database)
    line = store_line(environment, "psql", "127.0.0.1", 15432)
    import shlex

    from psycopg.conninfo import conninfo_to_dict

    words = shlex.split(line)
    assert words[0] == "psql"
    parsed = conninfo_to_dict(words[1])
    assert parsed["host"] == "prod-db.veza.com"
    assert parsed["hostaddr"] == "127.0.0.1"
    assert str(parsed["port"]) == "15432"
    assert (parsed["user"], parsed["dbname"]) == ("o'brien", "my db")
    assert "password" not in parsed
    spec = spec_of(production, ForwardTarget("service", "grafana", "m", "3000"), "grafana", "http")
    status = ForwardStatus(1, replace(spec, address="0.0.0.0"), ForwardState.READY, 3001)
    assert paste_line(production, status) == "http://127.0.0.1:3001/"


def test_times() -> None:
    assert [seconds_of(t) for t in ("45s", "30m", "2h", "10")] == [45.0, 1800.0, 7200.0, 600.0]
    assert [time_text(s) for s in (45, 1800, 7200)] == ["45s", "30m", "2h"]
    for wrong in ("", "x", "0m", "-1m", "1d"):
        with pytest.raises(ConfigError):
            seconds_of(wrong)
