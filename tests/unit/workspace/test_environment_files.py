"""environments/ENV.yaml: the guide's facts, and every way to get one wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.workspace.conftest import PRODUCTION, Room
from veza_tui.model.environment import Autoscaling, ConnectionPool, EnvironmentType, Retention
from veza_tui.model.errors import ConfigError
from veza_tui.model.finding import Severity


def test_the_guides_facts(room: Room) -> None:
    workspace = room.workspace
    assert workspace.names() == ("development", "staging", "production")
    production = workspace.environment("production")
    assert production.production
    assert (production.type, production.domain) == (EnvironmentType.PROD, "veza.com")
    assert [(s.name, s.port, s.replicas) for s in production.services] == [
        ("backend-api", 8080, 5),
        ("chat-server", 8081, 3),
        ("stream-server", 8082, 3),
    ]
    assert production.services[0].autoscaling == Autoscaling(3, 10, 70)
    assert production.database.connection_pool == ConnectionPool(100, 10)
    assert production.database.ssl_mode == "require"
    assert (production.cache.cluster_mode, production.cache.replicas) == (True, 3)
    assert production.monitoring.metrics_retention == "30d"
    assert production.kubernetes.namespace == "veza-production"
    assert production.policy.blue_green
    assert not production.policy.auto_deploy
    development = workspace.environment("development")
    assert development.database.password == "dev_password"
    assert not development.backup.with_database
    assert "dev_password" not in repr(development)


def test_optional_keys(room: Room) -> None:
    room.write("environments/qa.yaml", qa(room) + OPTIONAL)
    found = room.workspace.environment("qa")
    assert (found.kubernetes.context, found.kubernetes.namespace) == ("eu-1", "quality")
    assert found.backup.retention == Retention(3, 1, 0, 2)
    assert (found.backup.format, found.backup.jobs, found.backup.compression) == ("directory", 4, "zstd:3")
    assert (found.backup.rpo_minutes, found.backup.keep_set_aside_hours) == (90, 48)
    assert found.backup.storage == "s3://bucket/prefix"
    assert found.read_only
    assert found.policy.manual_approval, "an environment that the pipeline does not know asks for approval"
    assert room.workspace.names() == ("development", "qa", "staging", "production")


OPTIONAL = """
  kubernetes:
    context: eu-1
    namespace: quality
  backup:
    format: directory
    jobs: 4
    compression: "zstd:3"
    retention: {last: 3, daily: 1, weekly: 0, monthly: 2}
    rpo: 90m
    keep_set_aside: 2d
    storage: "s3://bucket/prefix"
  access:
    read_only: true
"""


def qa(room: Room) -> str:
    text = (room.root / "environments/staging.yaml").read_text()
    return text.replace('name: "staging"', 'name: "qa"').replace("staging.veza.com", "qa.veza.com")


CASES = [
    # (old, new, key, words)
    ("replicas: 5", 'replicas: "5"', "backend_api.replicas", "whole number"),
    ("replicas: 5", "replicas: 5.0", "backend_api.replicas", "decimal"),
    ("replicas: 5", "replicas: 05", "backend_api.replicas", "YAML 1.1"),
    ("replicas: 5", "replicas: 1e1", "backend_api.replicas", "YAML 1.1"),
    ("replicas: 5", "replicas: -1", "backend_api.replicas", "outside 0 to 1000"),
    ("replicas: 5", "replicas: true", "backend_api.replicas", "boolean"),
    ("replicas: 5", "replicas: [5]", "backend_api.replicas", "list"),
    ("replicas: 5", "replicas:", "backend_api.replicas", "empty"),
    ("replicas: 5", "replicas: " + "9" * 5000, "backend_api.replicas", "whole number"),
    ("      replicas: 5\n", "", "backend_api.replicas", "missing"),
    ("replicas: 5", "replcas: 5\n      replicas: 5", "backend_api.replcas", "not a known key"),
    ("replicas: 5", "replicas: 11", "backend_api.replicas", "outside the autoscaling bounds 3 to 10"),
    ("min_replicas: 3", "min_replicas: 11", "backend_api.autoscaling.min_replicas", "more than max_replicas"),
    ("min_replicas: 3", "min_replicas: 0", "backend_api.autoscaling.min_replicas", "outside 1"),
    ("utilization: 70", "utilization: 0", "autoscaling.target_cpu_utilization", "outside 1 to 100"),
    ("port: 8080", "port: 70000", "backend_api.port", "outside 1 to 65535"),
    ("port: 8081", "port: 8080", "chat_server.port", "used twice, by backend_api and chat_server"),
    ("prometheus_port: 9090", "prometheus_port: 8082", "monitoring.prometheus_port", "stream_server and prometheus"),
    ("grafana_port: 3000", "grafana_port: 9090", "monitoring.grafana_port", "prometheus and grafana"),
    ('cpu: "1000m"', 'cpu: "1000mm"', "backend_api.resources.cpu", "quantity"),
    ('cpu: "1000m"', "cpu: 4096", "backend_api.resources.cpu", "more than 1024"),
    ('cpu: "1000m"', 'cpu: "0"', "backend_api.resources.cpu", "more than zero"),
    ('cpu: "1000m"', 'cpu: "0.0001"', "backend_api.resources.cpu", "finer"),
    ('memory: "1Gi"', 'memory: "1GiB"', "backend_api.resources.memory", "quantity"),
    ('memory: "1Gi"', 'memory: "512m"', "backend_api.resources.memory", "unit"),
    ('type: "prod"', 'type: "production"', "environment.type", "not one of"),
    ('domain: "veza.com"', 'domain: "Veza.com"', "environment.domain", "DNS name"),
    ('domain: "veza.com"', 'domain: "https://veza.com"', "environment.domain", "DNS name"),
    ('name: "production"', 'name: "staging"', "environment.name", "differs from the file"),
    ('host: "prod-db.veza.com"', 'host: "prod-db.veza.com:5432"', "database.host", "without a port"),
    ('host: "prod-db.veza.com"', 'host: "-oProxyCommand=x"', "database.host", "host name"),
    ('host: "prod-db.veza.com"', 'host: "${DB_HOST}"', "database.host", "passwords only"),
    ('name: "veza_production"', 'name: "host=evil dbname=x"', "database.name", "must begin"),
    ('user: "veza_production"', 'user: "--help"', "database.user", "must begin"),
    ('ssl_mode: "require"', 'ssl_mode: "requires"', "database.ssl_mode", "not one of"),
    ("min_connections: 10", "min_connections: 101", "connection_pool.min_connections", "more than max_connections"),
    ('password: "${DB_PASSWORD}"', "password: 12345", "database.password", "must be a text"),
    ('password: "${DB_PASSWORD}"', "password: {a: 1}", "database.password", "a mapping"),
    ('password: "${DB_PASSWORD}"', 'password: "a\\nb"', "database.password", "line break"),
    ("cluster_mode: true", "cluster_mode: yes", "cache.cluster_mode", "YAML 1.1"),
    ("enabled: true", 'enabled: "true"', "monitoring.enabled", "true or false"),
    ('level: "warn"', 'level: "warning"', "logging.level", "not one of"),
    ('output: "file"\n    file_path: "/var/log/veza"', 'output: "file"', "logging.file_path", "missing"),
    ('file_path: "/var/log/veza"', 'file_path: "../x"', "logging.file_path", "absolute"),
    ('max_size: "100MB"', 'max_size: "100 MB"', "rotation.max_size", "size"),
    ('max_age: "7d"', 'max_age: "7 days"', "rotation.max_age", "duration"),
    ('metrics_retention: "30d"', "metrics_retention: 30", "monitoring.metrics_retention", "must be a text"),
    ("    chat_server:", "    chat_srver:", "services.chat_srver", "not a service"),
    ("  cache:", "  cach:", "data.cach", "not a known key"),
    ("apiVersion: v1", "apiVersion: v2", "apiVersion", "not one of"),
    ("kind: ConfigMap", "kind: Configmap", "kind", "not one of"),
]


@pytest.mark.parametrize(("old", "new", "key", "words"), CASES)
def test_each_mistake_has_line_key_and_advice(old: str, new: str, key: str, words: str, room: Room) -> None:
    room.edit(PRODUCTION, old, new)
    text = (room.root / PRODUCTION).read_text()
    # A kind that is no ConfigMap makes the file something else when all are asked for, so the name is given.
    errors = [f for f in room.findings("production") if f.severity is Severity.ERROR and f.file == PRODUCTION]
    found = [f for f in errors if f.key.endswith(key)]
    assert len(found) == 1, errors
    assert words in found[0].message
    assert found[0].todo
    assert 0 < found[0].line <= text.count("\n")


@pytest.mark.parametrize(
    ("typo", "meant"),
    [("replicas", "replica"), ("monitoring", "monitorin"), ("ssl_mode", "sslmode"), ("autoscaling", "autoscale")],
)
def test_did_you_mean(typo: str, meant: str, room: Room) -> None:
    room.edit(PRODUCTION, f"{typo}:", f"{meant}:")
    found = [f for f in room.findings("production") if f.key.endswith(meant)]
    assert [f.todo for f in found] == [f"did you mean `{typo}`?"]


def test_all_problems_are_told_not_only_the_first(room: Room) -> None:
    room.edit(PRODUCTION, "replicas: 5", "replicas: many")
    room.edit(PRODUCTION, "port: 8081", "port: 8080")
    room.edit(PRODUCTION, "    cluster_mode: true", "    bogus: 1\n    cluster_mode: true")
    room.edit(PRODUCTION, "enabled: true", "enabled: false")
    keys = [f.key for f in room.findings("production") if f.file == PRODUCTION]
    assert keys == [
        "data.services.backend_api.replicas",
        "data.services.chat_server.port",
        "data.cache.bogus",
        "data.monitoring.enabled",
    ]


def test_load_says_the_first_problem_and_how_many_more(room: Room) -> None:
    room.edit(PRODUCTION, "replicas: 5", "replicas: many")
    room.edit(PRODUCTION, "port: 8081", "port: 0")
    with pytest.raises(ConfigError, match=r"production\.yaml:19: .*replicas.*1 more: run veza-tui validate"):
        room.workspace.environment("production")


@pytest.mark.parametrize("content", ["", "# only this\n", "---\n", "- a\n", "text", "a: 1\n---\nb: 2\n", "\ufeff"])
def test_a_file_that_is_no_environment_at_all(content: str, room: Room) -> None:
    room.write(PRODUCTION, content)
    assert any(f.file == PRODUCTION and f.severity is Severity.ERROR for f in room.findings())
    with pytest.raises(ConfigError):
        room.workspace.environment("production")


@pytest.mark.parametrize("content", [b"a: \xe9\n", "a: 1".encode("utf-16"), b"a: \0", b"x" * 300_000, b"a: [\n"])
def test_bytes_that_are_no_yaml(content: bytes, room: Room) -> None:
    room.write(PRODUCTION, content)
    assert room.only("production").severity is Severity.ERROR


def test_crlf_and_a_byte_order_mark_change_nothing(room: Room) -> None:
    before = room.workspace.environment("production")
    room.write(PRODUCTION, b"\xef\xbb\xbf" + (room.root / PRODUCTION).read_bytes().replace(b"\n", b"\r\n"))
    assert room.workspace.environment("production") == before
    assert room.findings() == []


def test_twenty_thousand_keys_are_answered_soon_and_short(room: Room) -> None:
    room.write(PRODUCTION, "".join(f"k{i}: 1\n" for i in range(20_000)))
    assert len(room.findings("production")) < 40


def test_a_key_given_twice(room: Room) -> None:
    room.edit(PRODUCTION, "replicas: 5", "replicas: 5\n      replicas: 6")
    found = room.error("data.services.backend_api.replicas")
    assert "twice" in found.message
    assert "19" in found.message


def test_anchors_may_be_used(room: Room) -> None:
    room.edit(PRODUCTION, '      resources:\n        cpu: "1000m"', '      resources: &r\n        cpu: "1000m"')
    text = (room.root / PRODUCTION).read_text()
    head, _, tail = text.partition("    chat_server:")
    tail = re.sub(r'resources:\n +cpu: "1000m"\n +memory: "1Gi"', "resources: *r", tail)
    room.write(PRODUCTION, head + "    chat_server:" + tail)
    assert room.findings() == []


def test_files_that_are_passed_over_are_told(room: Room) -> None:
    room.write("environments/Bad Name.yaml", "a: 1")
    room.write("environments/other.yaml", "kind: Deployment\n")
    room.write("environments/qa.yml", "a: 1")
    room.write("environments/notes.txt", "x")
    room.write("environments/.hidden.yaml", "x")
    assert [(f.file, f.severity.value) for f in room.findings()] == [
        ("environments/Bad Name.yaml", "error"),
        ("environments/other.yaml", "warning"),
        ("environments/qa.yml", "warning"),
    ]


def test_no_environment_at_all(room: Room) -> None:
    for name in ("development", "staging", "production"):
        (room.root / f"environments/{name}.yaml").unlink()
    found = [f for f in room.findings() if f.severity is Severity.ERROR]
    assert [f.file for f in found] == ["environments"]


def test_the_shipped_files_are_the_guides() -> None:
    """Values of the guide's YAML blocks, where the guide is at hand."""
    guide = Path(__file__).resolve().parents[4] / "shared/guide/environment-management.md"
    if not guide.exists():
        pytest.skip("the guide is not on this machine")
    from veza_tui.resources import shipped
    from veza_tui.workspace.scalars import plain_data
    from veza_tui.workspace.yamltree import parse

    for name in ("development", "staging", "production"):
        block = re.search(
            rf"```yaml\n(# environment-management/environments/{name}\.yaml.*?)```", guide.read_text(), re.S
        )
        assert block
        ours = parse((shipped("environments") / f"{name}.yaml").read_text())[0][0]
        assert plain_data(ours) == plain_data(parse(block[1])[0][0])
