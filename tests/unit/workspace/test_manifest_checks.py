"""k8s/ENV/: what an API server would refuse, what disagrees with the environment's file, and what is applied."""

from __future__ import annotations

import base64
import json
import shutil
from typing import Any

import pytest

from tests.unit.workspace.conftest import BACKEND, SECRETS, Room
from veza_tui.model.errors import ConfigError
from veza_tui.model.finding import Severity
from veza_tui.workspace.manifests import render
from veza_tui.workspace.variables import Variables

CONFIG = "k8s/production/20-configmap.yaml"
SECRET = "k8s/production/25-secret.yaml"

GUIDE_CONFIG_MAP = """apiVersion: v1
kind: ConfigMap
metadata:
  name: veza-production-config
  namespace: veza-production
data:
  # Configuration de l'application
  app_config:
    environment: "production"
    log_level: "warn"
  database:
    host: "prod-db.veza.com"
    port: "5432"
"""

GUIDE_SECRET = """apiVersion: v1
kind: Secret
metadata:
  name: veza-production-secrets
  namespace: veza-production
type: Opaque
data:
  db_password: <base64-encoded-password>
  redis_password: <base64-encoded-password>
  jwt_secret: <base64-encoded-secret>
  api_key: <base64-encoded-api-key>
"""


def test_the_guides_own_nested_config_map_is_refused(room: Room) -> None:
    room.write(CONFIG, GUIDE_CONFIG_MAP)
    found = room.findings()
    assert [(f.line, f.key, f.severity) for f in found] == [
        (8, "ConfigMap/veza-production-config data.app_config", Severity.ERROR),
        (11, "ConfigMap/veza-production-config data.database", Severity.ERROR),
    ]
    assert all("nested" in f.message and "flatten" in f.todo for f in found)


def test_the_guides_own_placeholder_secret_is_refused(room: Room) -> None:
    room.write(SECRET, GUIDE_SECRET)
    found = room.findings()
    assert [(f.line, f.severity) for f in found] == [(n, Severity.ERROR) for n in (8, 9, 10, 11)]
    assert "placeholder" in found[0].message
    assert '"${DB_PASSWORD}"' in found[0].todo


BREAKS = [
    # (file, old, new, end of the key, words)
    (BACKEND, "revisionHistoryLimit: 10", "revisionHistoryLimt: 10", "spec.revisionHistoryLimt", "unknown field"),
    (BACKEND, "apiVersion: apps/v1", "apiVersion: extensions/v1beta1", "apiVersion", "no API server serves"),
    (BACKEND, "kind: Deployment", "kind: Deploymnt", "kind", "no kind"),
    (BACKEND, "kind: Service", "", "kind", "missing"),
    (BACKEND, "  name: backend-api", "  name: Backend_API", "metadata.name", "lower-case"),
    (BACKEND, "image: veza/backend-api:v1.4.2", 'image: ""', "containers[0].image", "missing"),
    (BACKEND, "containerPort: 8080", 'containerPort: "8080"', "ports[0].containerPort", "whole number"),
    (BACKEND, "maxSurge: 1", "maxSurge: 0", "strategy.rollingUpdate", "both 0"),
    (BACKEND, "type: RollingUpdate", "type: Rolling", "strategy.type", "RollingUpdate or Recreate"),
    (BACKEND, "mountPath: /tmp", "mountPath: /var/log/veza", "volumeMounts[1].mountPath", "twice"),
    (BACKEND, "            - name: tmp", "            - name: temp", "volumeMounts[0].name", "no volume"),
    (BACKEND, "failureThreshold: 30", "failureThreshold: -1", "startupProbe.failureThreshold", "0 or more"),
    (BACKEND, 'value: "8080"', "value: 8080", "env[0].value", "text"),
    (BACKEND, "minReplicas: 3", "minReplicas: 30", "spec.minReplicas", "more than maxReplicas"),
    (
        BACKEND,
        "maxUnavailable: 1\n  selector",
        "maxUnavailable: 1\n  minAvailable: 1\n  selector",
        "minAvailable",
        "does not go",
    ),
    (BACKEND, "protocol: TCP", "protocol: HTTP", "ports[0].protocol", "TCP, UDP or SCTP"),
    (BACKEND, "    app.kubernetes.io/part-of: veza", "    app kubernetes: veza", "app kubernetes", "label's name"),
    (CONFIG, 'DB_PORT: "5432"', "DB_PORT: 5432", "data.DB_PORT", "must be a text, not a number"),
    (CONFIG, 'TRACING_ENABLED: "true"', "TRACING_ENABLED: on", "data.TRACING_ENABLED", "not a boolean"),
    (CONFIG, 'DB_PORT: "5432"', 'DB PORT: "5432"', "data.DB PORT", "valid key"),
    (CONFIG, "kind: ConfigMap", "kind: ConfigMap\nimmutabel: true", "immutabel", "unknown field"),
    (SECRET, "type: Opaque", "type: Opaque\ndata: {x: 'not base64!'}", "data.x", "not base64"),
    (SECRET, "type: Opaque", "type: Opaque\nstringData: {x: 5}", "stringData.x", "must be a text"),
]


@pytest.mark.parametrize(("file", "old", "new", "key", "words"), BREAKS)
def test_what_an_api_server_refuses(file: str, old: str, new: str, key: str, words: str, room: Room) -> None:
    room.edit(file, old, new)
    found = [f for f in room.findings() if f.rule == "manifest-refused" and f.key.endswith(key)]
    assert len(found) == 1, room.findings()
    assert found[0].severity is Severity.ERROR
    assert found[0].file == file
    assert found[0].line > 0
    assert words in found[0].message


def test_selector_that_matches_nothing(room: Room) -> None:
    room.edit(BACKEND, "    matchLabels:\n      app.kubernetes.io/name: backend-api", "    matchLabels:\n      app: x")
    assert any("template's labels" in f.message for f in room.findings())


DISAGREES = [
    (
        "k8s/staging/30-backend-api.yaml",
        "replicas: 2",
        "replicas: 3",
        "spec.replicas",
        "is 3, the environment file says 2",
    ),
    ("k8s/staging/30-backend-api.yaml", "  replicas: 2\n", "", "spec.replicas", "missing (so 1)"),
    (BACKEND, "spec:\n  # No", "spec:\n  replicas: 9\n  # No", "spec.replicas", "autoscaler owns it"),
    (BACKEND, "maxReplicas: 10", "maxReplicas: 12", "spec.maxReplicas", "is 12, environments/production.yaml says 10"),
    (BACKEND, "averageUtilization: 70", "averageUtilization: 80", "averageUtilization", "says 70"),
    (BACKEND, "  minReplicas: 3\n", "", "spec.minReplicas", "is 1"),
    (BACKEND, "port: 8080", "port: 8090", "ports[0].port", "is 8090"),
    (
        BACKEND,
        "cpu: 1000m\n              memory: 1Gi\n            limits",
        "memory: 1Gi\n            limits",
        "cpu",
        "missing",
    ),
    (BACKEND, "memory: 1Gi", "memory: 512Mi", "requests.memory", "is 512Mi"),
    (BACKEND, 'value: "8080"', 'value: "80"', "env[0].value", "PORT is 80"),
    (BACKEND, "namespace: veza-production", "namespace: veza", "metadata.namespace", "is in namespace veza"),
    ("k8s/production/00-namespace.yaml", "name: veza-production", "name: veza", "metadata.name", "veza-production"),
    (CONFIG, "prod-db.veza.com", "staging-db.veza.com", "data.DB_HOST", "'prod-db.veza.com'"),
    (CONFIG, 'LOG_LEVEL: "warn"', 'LOG_LEVEL: "debug"', "data.LOG_LEVEL", "'warn'"),
    (BACKEND, "key: db_password", "key: dbpassword", "secretKeyRef.key", "has no key"),
]


@pytest.mark.parametrize(("file", "old", "new", "key", "words"), DISAGREES)
def test_what_disagrees_with_the_environment_file(
    file: str, old: str, new: str, key: str, words: str, room: Room
) -> None:
    room.edit(file, old, new)
    found = [f for f in room.findings() if f.rule == "manifest-disagrees" and f.key.endswith(key)]
    assert found, room.findings()
    assert any(words in f.message and f.file == file and f.line and f.severity is Severity.ERROR for f in found)


def test_replicas_beside_an_autoscaler_are_a_warning(room: Room) -> None:
    room.edit(BACKEND, "spec:\n  # No", "spec:\n  replicas: 5\n  # No")
    assert room.only().severity is Severity.WARNING


def test_quantities_are_compared_by_value(room: Room) -> None:
    text = (room.root / BACKEND).read_text()
    room.write(BACKEND, text.replace("cpu: 1000m", "cpu: 1").replace("memory: 1Gi", "memory: 1024Mi"))
    assert room.findings() == []


@pytest.mark.parametrize("kind", ["Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget"])
def test_a_missing_object_is_told(kind: str, room: Room) -> None:
    documents = (room.root / BACKEND).read_text().split("---\n")
    room.write(BACKEND, "---\n".join(d for d in documents if f"kind: {kind}\n" not in d.replace("    kind", "")))
    found = room.findings("production")
    assert found
    assert all(f.key.startswith((f"{kind}/", "HorizontalPodAutoscaler/", "PodDisruption")) for f in found), found


def test_a_missing_folder_is_one_error(room: Room) -> None:
    shutil.rmtree(room.root / "k8s/production")
    assert room.only().file == "k8s/production"
    with pytest.raises(ConfigError, match="k8s/production"):
        room.workspace.manifests("production")


def test_the_same_object_twice(room: Room) -> None:
    shutil.copy(room.root / CONFIG, room.root / "k8s/production/99-copy.yml")
    found = room.only()
    assert found.file == "k8s/production/99-copy.yml"
    assert f"{CONFIG}:3" in found.message


def test_plaintext_in_manifests(room: Room) -> None:
    room.edit(SECRET, "type: Opaque", "type: Opaque\nstringData:\n  smtp: hunter2")
    assert room.only().rule == "plaintext-secret"


@pytest.mark.parametrize("line", ["URL: postgres://u:pw@db/x", "API_TOKEN: abc", "smtp_password: x"])
def test_secrets_in_a_config_map(line: str, room: Room) -> None:
    room.edit(CONFIG, "  REDIS_HOST", f"  {line}\n  REDIS_HOST")
    assert room.only().rule == "kubernetes-secrets"


@pytest.mark.parametrize("line", ["TOKEN_TTL: 5m", "PASSWORD_FILE: /run/x", "TOKEN_URL: https://x"])
def test_what_only_sounds_like_a_secret(line: str, room: Room) -> None:
    room.edit(CONFIG, "  REDIS_HOST", f"  {line}\n  REDIS_HOST")
    assert room.findings() == []


@pytest.mark.parametrize("url", ["http://localhost:8080", "redis://127.0.0.1:6379", "http://[::1]/", "localhost,db"])
def test_localhost_in_a_config_map(url: str, room: Room) -> None:
    room.edit(CONFIG, "https://api.veza.com", url)
    assert room.only().rule == "hardcoded-localhost"


def test_a_variable_outside_secrets_is_not_replaced(room: Room) -> None:
    room.edit(CONFIG, "https://api.veza.com", "https://${DOMAIN}")
    assert "applied as it stands" in room.only().message


def test_kinds_of_others_are_left_to_the_server(room: Room) -> None:
    for number, (version, kind) in enumerate([("example.com/v1", "Widget"), ("batch/v1", "Job")]):
        text = f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: x, namespace: veza-production}}\n"
        room.write(f"k8s/production/6{number}.yaml", text)
    assert room.findings() == []


def test_json_and_lists_and_their_lines(room: Room) -> None:
    item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "veza-production"}}
    whole = {"apiVersion": "v1", "kind": "List", "items": [item, {**item, "data": {"a": 1}}]}
    text = json.dumps(whole, indent="\t")
    room.write("k8s/production/60.json", text)
    errors = [f for f in room.findings() if "data.a" in f.key]
    line = text[: text.index('"a": 1')].count("\n") + 1
    assert [(f.file, f.line) for f in errors] == [("k8s/production/60.json", line)]


@pytest.mark.parametrize("text", ['{"a": 1,}', '{"a": 1} x', "", "[1]", '{"a": NaN}', "[" * 100_000, '{"a":1,"a":2}'])
def test_bad_json(text: str, room: Room) -> None:
    room.write("k8s/production/60.json", text)
    found = room.findings()
    assert found
    assert {(f.file, f.severity) for f in found} == {("k8s/production/60.json", Severity.ERROR)}


def test_files_that_cannot_be_read_are_told_and_the_rest_is_checked(room: Room) -> None:
    room.write("k8s/production/60.yaml", b"\xff")
    (room.root / "k8s/production/61.yaml").symlink_to("nowhere")
    (room.root / "k8s/production/62.yaml").symlink_to("/etc/passwd")
    room.write("k8s/production/63.yaml", "a: [")
    room.write("k8s/production/64.yaml", "")
    room.write("k8s/production/65.yaml", "- 1\n")
    room.write("k8s/production/ignored.txt", "x")
    room.edit(BACKEND, "maxReplicas: 10", "maxReplicas: 12")
    files = [f.file.rpartition("/")[2] for f in room.findings()]
    assert files == ["30-backend-api.yaml", *(f"{n}.yaml" for n in range(60, 66))]


def applied(room: Room, name: str = "production", process: dict[str, str] | None = None) -> list[dict[str, Any]]:
    workspace = room.workspace
    variables = Variables(workspace, name, process=process or {})
    return [r.object for r in render(workspace.manifests(name), workspace.environment(name), variables)]


def test_apply_order(room: Room) -> None:
    room.write("k8s/production/05-early.yaml", (room.root / BACKEND).read_text().replace("backend-api", "early"))
    (room.root / "k8s/production/00-namespace.yaml").rename(room.root / "k8s/production/99-namespace.yaml")
    kinds = [o["kind"] for o in applied(room)]
    assert list(dict.fromkeys(kinds)) == [
        "Namespace",
        "ServiceAccount",
        "ConfigMap",
        "Secret",
        "Service",
        "Deployment",
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
    ]
    assert [o["metadata"]["name"] for o in applied(room) if o["kind"] == "Service"][:2] == ["early", "backend-api"]


def test_the_secret_is_filled(room: Room) -> None:
    room.write("secrets/production.env", SECRETS.replace("database-value", "'pä$$ \"w\"'"))
    secret = next(o for o in applied(room) if o["kind"] == "Secret")
    values = {key: base64.b64decode(text).decode() for key, text in secret["data"].items()}
    assert values == {
        "db_password": 'pä$$ "w"',
        "redis_password": "cache-value",
        "jwt_secret": "token-value",
        "api_key": "key-value",
    }
    assert "stringData" not in secret


def test_string_data_is_filled_too(room: Room) -> None:
    room.edit(SECRET, "type: Opaque", "type: Opaque\nstringData:\n  url: redis://:${REDIS_PASSWORD}@cache\n  plain: x")
    secret = next(o for o in applied(room) if o["kind"] == "Secret")
    assert base64.b64decode(secret["data"]["url"]) == b"redis://:cache-value@cache"
    assert base64.b64decode(secret["data"]["plain"]) == b"x"


def test_rendering_without_a_value_names_the_key_and_no_value(room: Room) -> None:
    room.write("secrets/production.env", "DB_PASSWORD=hunter2\n")
    with pytest.raises(ConfigError, match=r"25-secret\.yaml:4: redis_password: \$\{REDIS_PASSWORD\}") as caught:
        applied(room)
    assert "hunter2" not in str(caught.value)


def test_development_needs_no_secrets_file(room: Room) -> None:
    secret = next(o for o in applied(room, "development") if o["kind"] == "Secret")
    assert base64.b64decode(secret["data"]["db_password"]) == b"dev_password"


def test_rendering_does_not_show_values_and_does_not_change_the_manifests(room: Room) -> None:
    workspace = room.workspace
    manifests = workspace.manifests("production")
    before = json.dumps([m.object for m in manifests])
    rendered = render(manifests, workspace.environment("production"), Variables(workspace, "production", process={}))
    assert json.dumps([m.object for m in manifests]) == before
    assert "database-value" not in repr(rendered)
    assert base64.b64encode(b"database-value").decode() not in repr(rendered)
    assert rendered[0].title == "Namespace/veza-production"


def test_no_value_is_committed_in_the_shipped_manifests(room: Room) -> None:
    for name in ("development", "staging", "production"):
        secret = next(m.object for m in room.workspace.manifests(name) if m.kind == "Secret")
        assert "data" not in secret
        assert "stringData" not in secret


def test_namespace_is_filled_in(room: Room) -> None:
    room.edit(CONFIG, "  namespace: veza-production\n", "")
    assert [f.severity for f in room.findings()] == [Severity.WARNING]
    assert next(o for o in applied(room) if o["kind"] == "ConfigMap")["metadata"]["namespace"] == "veza-production"


def test_a_deployment_of_another_name(room: Room) -> None:
    text = (room.root / BACKEND).read_text().replace("name: backend-api\n  namespace", "name: api\n  namespace")
    text = text.replace("name: api\n", "name: backend-api\n", 1)
    room.write(
        BACKEND, text.replace("    kind: Deployment\n    name: backend-api", "    kind: Deployment\n    name: api")
    )
    assert any("no Deployment backend-api" in f.message for f in room.findings())
    room.edit("environments/production.yaml", "      replicas: 5\n", "      replicas: 5\n      deployment: api\n")
    assert room.findings() == []
    assert room.workspace.environment("production").services[0].deployment == "api"


def test_two_services_on_one_deployment(room: Room) -> None:
    room.edit("environments/production.yaml", "port: 8081\n", "port: 8081\n      deployment: backend-api\n")
    assert any(f.rule == "deployment-twice" for f in room.findings())


@pytest.mark.parametrize(
    "part", ["spec:", "    spec:", "      containers:", "          ports:", "          env:", "  template:"]
)
@pytest.mark.parametrize("value", ["null", "[]", "{}", "x", "[null]"])
def test_any_part_may_be_nonsense(part: str, value: str, room: Room) -> None:
    head, mark, tail = (room.root / BACKEND).read_text().partition(f"\n{part}\n")
    assert mark
    indent = len(part) - len(part.lstrip())
    rest = tail.split("\n")
    end = next(i for i, line in enumerate(rest) if line == "---" or len(line) - len(line.lstrip()) <= indent)
    room.write(BACKEND, f"{head}\n{part} {value}\n" + "\n".join(rest[end:]))
    assert all(f.message and f.todo for f in room.findings("production"))
