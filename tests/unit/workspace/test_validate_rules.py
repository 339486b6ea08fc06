"""Pitfalls, variables, secrets files, pipeline and rules."""

from __future__ import annotations

import time

import pytest

from tests.unit.workspace.conftest import PRODUCTION, Room
from veza_tui.model.errors import ConfigError
from veza_tui.model.finding import Severity

PIPELINE = "environments/deployment-pipeline.yaml"
RULES = "environments/environment-rules.yaml"


def test_the_shipped_workspace_with_secrets_is_clean(room: Room) -> None:
    assert room.findings() == []


def test_a_fresh_clone_has_warnings_only_and_names_every_variable(room: Room) -> None:
    for name in ("staging", "production"):
        (room.root / f"secrets/{name}.env").unlink()
    found = room.findings()
    assert {f.severity for f in found} == {Severity.WARNING}
    assert {f.rule for f in found} == {"unresolved-variable"}
    for variable in ("DB_PASSWORD", "REDIS_PASSWORD", "JWT_SECRET", "API_KEY"):
        assert sum(f"${{{variable}}}" in f.message for f in found) == 2


def test_the_process_environment_counts(room: Room) -> None:
    (room.root / "secrets/production.env").unlink()
    process = dict.fromkeys(["DB_PASSWORD", "REDIS_PASSWORD", "JWT_SECRET", "API_KEY"], "x")
    assert room.findings("production", process=process) == []


def test_a_variable_that_the_secrets_file_lacks_is_an_error(room: Room) -> None:
    room.write("secrets/production.env", "DB_PASSWORD=x\nJWT_SECRET=x\nAPI_KEY=x\n").chmod(0o600)
    found = room.only()
    assert (found.severity, found.file, found.key) == (Severity.ERROR, PRODUCTION, "data.cache.password")
    assert "REDIS_PASSWORD" in found.message


@pytest.mark.parametrize("with_file", [True, False])
def test_a_variable_that_nothing_can_ever_supply_is_an_error(with_file: bool, room: Room) -> None:
    room.edit(PRODUCTION, "${DB_PASSWORD}", "${NOPE}")
    if not with_file:
        (room.root / "secrets/production.env").unlink()
    found = [f for f in room.findings("production") if "NOPE" in f.message]
    assert [f.severity for f in found] == [Severity.ERROR]


def test_an_empty_value_is_nothing(room: Room) -> None:
    room.write("secrets/production.env", "DB_PASSWORD=\nREDIS_PASSWORD=x\nJWT_SECRET=x\nAPI_KEY=x\n").chmod(0o600)
    assert "empty" in room.only().message


@pytest.mark.parametrize("text", ["hunter2", "x${DB_PASSWORD:-hunter2}", "${DB_PASSWORD:-hunter2}"])
@pytest.mark.parametrize("part", ["DB", "REDIS"])
def test_plaintext_secret_outside_development(text: str, part: str, room: Room) -> None:
    room.edit(PRODUCTION, f'"${{{part}_PASSWORD}}"', f'"{text}"')
    found = room.only("production")
    assert (found.severity, found.rule) == (Severity.ERROR, "plaintext-secret")
    assert "hunter2" not in found.message + found.todo


def test_development_may_have_a_plaintext_password(room: Room) -> None:
    assert 'password: "dev_password"' in (room.root / "environments/development.yaml").read_text()
    assert room.findings("development") == []


def test_monitoring_disabled(room: Room) -> None:
    room.edit(PRODUCTION, "enabled: true", "enabled: false")
    assert room.error("data.monitoring.enabled").rule == "monitoring-disabled"


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.8.9.1", "::1", "0.0.0.0", "db.localhost"]
)
@pytest.mark.parametrize("name", ["prod-db.veza.com", "prod-redis.veza.com"])
def test_localhost_outside_development(host: str, name: str, room: Room) -> None:
    room.edit(PRODUCTION, name, host)
    errors = [f for f in room.findings("production") if f.rule == "hardcoded-localhost"]
    assert [f.file for f in errors] == [PRODUCTION]


@pytest.mark.parametrize("host", ["localhost-db.veza.com", "mylocalhost.veza.com", "127-0-0-1.veza.com", "10.0.0.127"])
def test_what_only_looks_like_localhost(host: str, room: Room) -> None:
    room.edit(PRODUCTION, "prod-db.veza.com", host)
    room.edit("k8s/production/20-configmap.yaml", "prod-db.veza.com", host)
    assert room.findings("production") == []


def test_open_secrets_files_get_the_command_to_run(room: Room) -> None:
    (room.root / "secrets/production.env").chmod(0o640)
    found = room.only()
    assert found.severity is Severity.WARNING
    assert found.todo == "run chmod 600 secrets/production.env"


def test_broken_secrets_lines(room: Room) -> None:
    room.write(
        "secrets/production.env", 'DB_PASSWORD="open\nREDIS_PASSWORD=x\nhunter2\nJWT_SECRET=x\nAPI_KEY=x\n'
    ).chmod(0o600)
    assert [(f.line, f.key) for f in room.findings("production")] == [(1, "DB_PASSWORD"), (3, "")]


def test_values_of_secrets_are_in_no_finding(room: Room) -> None:
    room.write("secrets/production.env", "DB_PASSWORD=hunter2\nDB_PASSWORD=hunter2\nhunter2=\nhunter2\n='hunter2\n")
    room.edit(PRODUCTION, "${REDIS_PASSWORD}", "hunter2")
    room.edit(
        "k8s/production/25-secret.yaml",
        "type: Opaque",
        "type: Opaque\ndata: {x: aHVudGVyMg==}\nstringData: {y: hunter2}",
    )
    text = repr(room.findings())
    assert "hunter2" not in text
    assert "aHVudGVyMg" not in text


def test_old_secrets_want_rotation(room: Room) -> None:
    assert room.findings(now=time.time() + 80 * 86_400) == []
    found = room.findings(now=time.time() + 100 * 86_400)
    assert {(f.rule, f.severity) for f in found} == {("key-rotation", Severity.WARNING)}
    assert {f.file for f in found} == {"secrets/production.env", "secrets/staging.env"}


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ("manual_approval: true", "manual_approval: false", "production.manual_approval", "without an approval"),
        ("auto_deploy: false", "auto_deploy: true", "production.auto_deploy", "contradicts"),
        ("manual_approval: true", "manual_aproval: true", "production.manual_aproval", "not a known key"),
        ("blue_green: true", "blue_green: on", "production.blue_green", "true or false"),
        ("approvers: 0", "approvers: -1", "production.approvers", "outside"),
        ("    production:", "    ../prod:", "environments.../prod", "not an environment name"),
        ('- "run_tests"', '- "security_scan"', "stages[0].steps[2]", "given twice"),
        ('- "run_tests"', "- [a]", "stages[0].steps[1]", "step's name"),
        ('- name: "build"', '- name: "validation"', "stages[1].name", "given twice"),
        ("run_tests: []", "runtests: []", "commands.runtests", "not a step"),
        ("run_tests: []", "health_checks: [x]", "commands.health_checks", "built in"),
        ("run_tests: []", 'run_tests: "it\'s"', "commands.run_tests", "quotation mark"),
        ("requests: 60", "requests: 0", "performance.requests", "outside 1 to"),
        ("slower_percent: 200", "slower_percent: 50", "performance.slower_percent", "outside 100 to"),
        ("errors_percent: 1", "errors_percent: 101", "performance.errors_percent", "outside 0 to 100"),
        ("floor_ms: 50", "floor: 50", "performance.floor", "not a known key"),
        ("    stages:", "    stage:", "pipeline.stage", "not a known key"),
    ],
)
def test_pipeline_mistakes(old: str, new: str, key: str, words: str, room: Room) -> None:
    room.edit(PIPELINE, old, new)
    found = [f for f in room.findings() if f.file == PIPELINE and f.key.endswith(key)]
    assert found, room.findings()
    assert any(words in f.message for f in found)
    assert all(f.severity is Severity.ERROR and f.line for f in found)


def test_pipeline_commands(room: Room) -> None:
    room.edit(PIPELINE, "run_tests: []", 'run_tests: ["make", "test"]')
    room.edit(PIPELINE, "build_images: []", "build_images: docker build -t 'a b' .")
    pipeline = room.workspace.pipeline
    assert pipeline.commands == {"run_tests": ("make", "test"), "build_images": ("docker", "build", "-t", "a b", ".")}
    assert [s.name for s in pipeline.stages] == ["validation", "build", "deploy", "verification"]
    assert len(pipeline.steps) == 12


def test_without_pipeline_or_rules_there_are_warnings_and_careful_policies(room: Room) -> None:
    (room.root / PIPELINE).unlink()
    (room.root / RULES).unlink()
    assert [(f.file, f.severity) for f in room.findings()] == [
        (PIPELINE, Severity.WARNING),
        (RULES, Severity.WARNING),
    ]
    assert room.workspace.environment("development").policy.manual_approval


def test_a_broken_pipeline_keeps_an_environment_from_loading(room: Room) -> None:
    room.write(PIPELINE, "a: [")
    with pytest.raises(ConfigError, match="deployment-pipeline"):
        room.workspace.environment("production")


@pytest.mark.parametrize(
    ("file", "old", "new", "rule"),
    [
        ("environments/staging.yaml", '"staging.veza.com"', '"veza.com"', "distinct-domains"),
        (PRODUCTION, '    ssl_mode: "require"\n', "", "database-encryption"),
        (PRODUCTION, "prod-db.veza.com", "localhost", "no-localhost"),
        (PRODUCTION, "enabled: true", "enabled: false", "monitoring-enabled"),
        (PIPELINE, '          - "run_tests"\n', "", "tests-before-deploy"),
        (PIPELINE, '          - "run_integration_tests"\n', "", "staging-before-production"),
        (PIPELINE, '          - "health_checks"\n', "", "deploy-verification"),
        (PIPELINE, "rollback_enabled: true", "rollback_enabled: false", "automatic-rollback"),
        (PIPELINE, "manual_approval: true", "manual_approval: false", "production-approval"),
        (PIPELINE, "    staging:\n", "    staging2:\n", "pipeline-policy"),
        (
            "k8s/production/20-configmap.yaml",
            "  REDIS_HOST",
            "  SMTP_PASSWORD: hunter2\n  REDIS_HOST",
            "kubernetes-secrets",
        ),
    ],
)
def test_each_rule_finds_its_breach_and_can_be_turned_off(file: str, old: str, new: str, rule: str, room: Room) -> None:
    room.edit(file, old, new)
    names = {"no-localhost": "hardcoded-localhost", "monitoring-enabled": "monitoring-disabled"}
    assert names.get(rule, rule) in {f.rule for f in room.findings()}
    text = (room.root / RULES).read_text()
    head, _, tail = text.partition(f"    {rule}:")
    before, _, after = tail.partition("severity: ")
    room.write(RULES, f"{head}    {rule}:{before}severity: ignore{after[after.index(chr(10)) :]}")
    assert names.get(rule, rule) not in {f.rule for f in room.findings()}


@pytest.mark.parametrize(
    ("step", "rule", "near"),
    [
        ("run_tests", "tests-before-deploy", '- name: "deploy"'),
        ("health_checks", "deploy-verification", '- name: "deploy"'),
    ],
)
def test_a_step_that_is_missing_is_told_where_it_is_missed(step: str, rule: str, near: str, room: Room) -> None:
    room.edit(PIPELINE, f'          - "{step}"\n', "")
    lines = (room.root / PIPELINE).read_text().splitlines()
    found = [f for f in room.findings() if f.rule == rule]
    assert found
    assert all(near in lines[f.line - 1] for f in found)


def test_a_policy_that_is_missing_is_told_where_policies_stand(room: Room) -> None:
    room.edit(PIPELINE, "    staging:\n", "    staging2:\n")
    lines = (room.root / PIPELINE).read_text().splitlines()
    found = next(f for f in room.findings("staging") if f.rule == "pipeline-policy" and "no policy" in f.message)
    assert lines[found.line - 1] == "  environments:"


def test_shared_database_and_namespace_are_told_of_the_later_one(room: Room) -> None:
    for old, new in (("prod-db", "staging-db"), ('"veza_production"', '"veza_staging"')):
        room.edit(PRODUCTION, old, new)
    found = [f for f in room.findings() if f.rule == "own-configuration"]
    assert [(f.file, f.severity) for f in found] == [(PRODUCTION, Severity.ERROR)]
    assert [f.file for f in room.findings("staging") if f.rule == "own-configuration"] == ["environments/staging.yaml"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("distinct-domains", "distinct-domain", "did you mean `distinct-domains`?"),
        ("severity: error", "severity: fatal", "use one of"),
        ('rule: "Configure autoscaling"', 'rule: "Configure autoscalng"', "did you mean `Configure autoscaling`?"),
        ("security_rules:", "securty_rules:", "did you mean `security_rules`?"),
    ],
)
def test_rules_file_mistakes(old: str, new: str, words: str, room: Room) -> None:
    room.edit(RULES, old, new)
    found = [f for f in room.findings() if f.file == RULES]
    assert any(f.todo == words or words in f.todo for f in found)


def test_unknown_environment_and_duplicates_on_the_command_line(room: Room) -> None:
    with pytest.raises(ConfigError, match="there are: development, staging, production"):
        room.findings("prod")
    room.edit(PRODUCTION, "port: 8081", "port: 0")
    assert len(room.findings("production", "production")) == 1


def test_findings_are_sorted(room: Room) -> None:
    room.edit(PRODUCTION, "port: 8082", "port: 8081")
    room.edit("environments/staging.yaml", "port: 8081", "port: 8080")
    found = room.findings()
    assert [(f.file, f.line) for f in found] == sorted((f.file, f.line) for f in found)
