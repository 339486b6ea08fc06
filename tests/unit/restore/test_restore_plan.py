"""The restore's pure side: names, preflight, what would be lost, which backup is proposed, and the plan."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from tests.tools.synthetic import environment
from veza_tui.model.backup import DatabaseFacts, SequenceFacts, TableFacts, database_facts, differences, lagging
from veza_tui.model.environment import Cache, Database, KubernetesTarget
from veza_tui.model.errors import ConfigError
from veza_tui.model.plan import Plan, Target, plan_from_json
from veza_tui.model.restore import Part, TargetFacts, losses, preflight, propose, proven_instead
from veza_tui.operations.confirm import Tier, accepted, confirmation
from veza_tui.operations.restore.request import RestoreRequest, names_for, restore_plan, undone_name
from veza_tui.operations.restore.since import undone

ENVIRONMENT = replace(
    environment("production"),
    database=Database("db", 5432, "veza_production", "veza_production", "${DB_PASSWORD}"),
    cache=Cache("redis", 6379, ""),
    kubernetes=KubernetesTarget(None, "veza-production"),
)
TARGET = Target("production", "veza-production", "https://k", "uid", database="db:5432/veza_production")
GOOD = TargetFacts(
    exists=True,
    size=1000,
    owner="veza_production",
    user="veza_production",
    can_create=True,
    owns_live=True,
    superuser=False,
    version="17.10",
    major=17,
    system_identifier="7",
    connections=3,
    foreign_sessions=(),
    slots=(),
    subscriptions=(),
    publications=(),
    prepared=(),
    roles=frozenset({"veza_production"}),
    extensions=frozenset({"pgcrypto"}),
    databases=frozenset({"veza_production", "postgres"}),
    free_disk=10_000,
)
EXPECTED = DatabaseFacts(
    "veza_production",
    "veza_production",
    "UTF8",
    "C",
    "C",
    4000,
    (TableFacts("public", "users", 10, "x"), TableFacts("public", "gone", 3, "y")),
    (),
    (("pgcrypto", "1.3"),),
    ("veza_production",),
    ("r public.users owner veza_production",),
)
NAMES = names_for("veza_production", 1_700_000_000)


def checks(facts: TargetFacts, **changes: object) -> dict[str, bool | None]:
    arguments: dict[str, object] = {"dump_major": 17, "client_major": 17, "dump_size": 500, "names": ("a", "b")}
    found = preflight(facts, EXPECTED, **{**arguments, **changes})  # type: ignore[arg-type]
    return {check.name: check.ok for check in found}


def test_a_good_target_passes_everything() -> None:
    assert set(checks(GOOD).values()) == {True}


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"owns_live": False, "owner": "dba"}, "owner"),
        ({"can_create": False}, "may create databases"),
        ({"free_disk": 7999}, "disk"),
        ({"prepared": ("gid",)}, "prepared transactions"),
        ({"slots": ("debezium",)}, "logical replication slots"),
        ({"subscriptions": ("s",)}, "subscriptions"),
        ({"foreign_sessions": ("postgres psql",)}, "sessions that we may not end"),
        ({"databases": frozenset({"a"})}, "free names"),
        ({"roles": frozenset()}, "roles that the dump names"),
        ({"user": "other"}, "owners that we may not act as"),
        ({"extensions": frozenset()}, "extensions that the dump needs"),
    ],
)
def test_each_obstacle_stops_the_restore(change: dict[str, object], check: str) -> None:
    found = checks(replace(GOOD, **change))  # type: ignore[arg-type]
    assert [name for name, ok in found.items() if ok is False] == [check]


def test_versions_are_judged_both_ways() -> None:
    assert checks(GOOD, dump_major=18)["versions"] is False
    assert checks(GOOD, client_major=16)["versions"] is False
    assert checks(GOOD, dump_major=15)["versions"] is True
    assert checks(GOOD, dump_major=None)["versions"] is None


def test_what_cannot_be_seen_is_said_not_passed() -> None:
    assert checks(replace(GOOD, free_disk=None))["disk"] is None


def test_settings_that_will_stay_behind_are_told_before_the_swap() -> None:
    facts = replace(GOOD, uncarried=("log_min_duration_statement", "veza_readonly: work_mem"))
    assert checks(facts)["settings of the database"] is None
    assert "settings of the database" not in checks(GOOD) and "settings of the database" not in checks(
        facts, tables=True
    )
    (told,) = [c for c in preflight(facts, None, dump_major=17, client_major=17, dump_size=1, names=())
               if c.name == "settings of the database"]  # fmt: skip
    assert "log_min_duration_statement, veza_readonly: work_mem" in told.detail and "superuser" in told.detail


def test_large_objects_are_compared_where_the_backup_told_of_them() -> None:
    def having(rows: int, digest: str) -> DatabaseFacts:
        return replace(EXPECTED, large_objects=TableFacts("pg_catalog", "pg_largeobject", rows, digest))

    assert differences(having(2, "r5"), having(2, "r5")) == [] == differences(EXPECTED, having(2, "r5"))
    assert "other contents" in differences(having(2, "r5"), having(2, "r6"))[0]
    assert "missing" in differences(having(2, "r5"), having(0, ""))[0]
    assert "should not be there" in differences(having(0, ""), having(1, "r6"))[0]
    assert database_facts(json.loads(json.dumps(asdict(having(2, "r5"))))) == having(2, "r5")


def test_an_undo_tells_the_rows_that_it_takes_away() -> None:
    proof = [
        {"table": "public.users", "then": 10, "before": 7, "now": 10, "digest": True},
        {"table": "public.rooms", "then": 3, "before": 3, "now": 3, "digest": True},
        {"table": "public.gone", "then": 1, "before": None, "now": 1, "digest": True},
    ]
    now = [TableFacts("public", "users", 12, ""), TableFacts("public", "rooms", 3, ""),
           TableFacts("public", "gone", 1, "")]  # fmt: skip
    changes, notes = undone(proof, now)
    assert [(c.object, c.old, c.new) for c in changes] == [("Table/public.users", "12", "7")]
    assert len(notes) == 1 and "public.users +2" in notes[0] and "rooms" not in notes[0]
    assert undone(proof[1:2], now) == ([], [])


def test_names_fit_postgresql_and_tell_the_undo() -> None:
    names = names_for("x" * 63, 1_700_000_000)
    assert max(len(n) for n in (names.scratch, names.aside)) <= 63
    assert NAMES.aside == "veza_production_before_20231114_221320"
    assert undone_name(NAMES.aside) == "veza_production_undone_20231114_221320"


def test_losses_name_every_table_of_either_side() -> None:
    now = (TableFacts("public", "users", 4, ""), TableFacts("public", "new", 9, ""))
    found = {loss.table: (loss.then, loss.now, loss.difference) for loss in losses(EXPECTED.tables, now)}
    assert found == {
        "public.users": (10, 4, 6),
        "public.gone": (3, None, None),
        "public.new": (None, 9, None),
    }


def test_the_newest_backup_before_the_accident_is_proposed_proven_or_not() -> None:
    """The run proves it before anything live is touched: an older one would lose data for nothing."""
    backups = [("old", 1000.0, True), ("proven", 5000.0, True), ("newest", 6000.0, False), ("after", 9000.0, True)]
    assert propose(backups, 7000.0) == "newest"
    assert propose(backups, 500.0) is None
    assert propose([("a", 6000.0, True), ("b", 6000.0, False)], 7000.0) == "a"
    # What to take where it should not restore.
    assert proven_instead(backups, 7000.0) == ("proven", 1000 / 60)
    assert proven_instead(backups, 5500.0) == ("", 0.0) == proven_instead(backups, 500.0)
    often = [(f"b{n}", n * 300.0, n % 7 == 0) for n in range(10_000)]
    assert propose(often, 9_999 * 300.0) == "b9999" and proven_instead(often, 9_999 * 300.0) == ("b9996", 15.0)
    notes = restored(RestoreRequest("newest", instead="proven", instead_older=1000 / 60), proven=False).notes
    assert any("The newest proven one is proven, 17 minutes older" in note for note in notes)


def restored(request: RestoreRequest, **changes: object) -> Plan:
    arguments: dict[str, object] = {
        "backup_files": ("production.yaml", "production.env", "database.sql"),
        "fingerprint": {},
        "minutes_lost": 90.0,
        "proven": True,
    }
    target = changes.pop("target", TARGET)
    environment = changes.pop("environment", ENVIRONMENT)
    plan = restore_plan(request, environment, target, NAMES, (), (), **{**arguments, **changes})  # type: ignore[arg-type]
    assert plan_from_json(plan.to_json()) == plan
    if not request.drill:
        assert plan.confirm == "production"
    return plan


def plan_of(request: RestoreRequest, **changes: object) -> list[str]:
    return [step.id for step in restored(request, **changes).steps]


def test_nothing_live_is_touched_before_the_scratch_database_is_proven() -> None:
    steps = plan_of(RestoreRequest("20260101_000000"))
    assert steps == ["integrity", "safety", "scratch", "load", "analyze", "prove", "swap", "cache", "health"]


def test_draining_flushing_and_files_stand_after_the_proof() -> None:
    everything = RestoreRequest("b", frozenset(Part), drain="scale", flush_cache=True)
    steps = plan_of(everything)
    assert steps[steps.index("prove") + 1 :] == [
        "drain", "swap", "services", "cache", "configuration", "secrets", "health",
    ]  # fmt: skip


def test_a_drill_swaps_nothing_and_a_cache_is_never_flushed_silently() -> None:
    assert "swap" not in plan_of(RestoreRequest("b", drill=True))
    kept, flushed = (
        next(s for s in restored(RestoreRequest("b", flush_cache=flush)).steps if s.id == "cache")
        for flush in (False, True)
    )
    assert (kept.action, kept.mutates, flushed.action) == ("restore.keep_cache", False, "restore.flush_cache")
    assert "flush-cache production" in kept.title
    assert any("cache is kept" in note for note in restored(RestoreRequest("b")).notes)


def test_a_drill_is_confirmed_by_yes_even_in_production_and_a_restore_never() -> None:
    """A name typed out of habit would protect nothing any more; without any word nothing starts."""
    drill, real = restored(RestoreRequest("b", drill=True)), restored(RestoreRequest("b"))
    tier, text = confirmation(ENVIRONMENT, drill)
    assert (tier, text) == (Tier.YES_NO, "production")
    assert accepted(tier, text, yes=True, confirm="") and accepted(tier, text, yes=False, confirm="production")
    assert not accepted(tier, text, yes=False, confirm="")
    tier, text = confirmation(ENVIRONMENT, real)
    assert tier is Tier.TYPE and not accepted(tier, text, yes=True, confirm="")
    assert drill.harmless and not real.harmless


def test_chosen_tables_do_not_swap() -> None:
    steps = plan_of(RestoreRequest("b", tables=("public.users",)))
    assert "tables" in steps and "swap" not in steps


def test_tables_and_files_together_are_both_in_the_title_and_in_the_steps() -> None:
    plan = restored(RestoreRequest("b", frozenset({Part.DATABASE, Part.SECRETS}), tables=("public.users",)))
    assert "(public.users, secrets)" in plan.title
    assert {"tables", "secrets"} <= {step.id for step in plan.steps}


def test_a_backup_of_the_scripts_promises_no_proof_that_it_cannot_have() -> None:
    plan = restored(RestoreRequest("b"), manifest=False, proven=False)
    assert any("CANNOT BE PROVEN" in note and "owners" in note for note in plan.notes)
    assert not any("proves it before" in note for note in plan.notes)
    (prove,) = [step for step in plan.steps if step.id == "prove"]
    assert "constraints" not in prove.title
    assert not any("CANNOT" in note for note in restored(RestoreRequest("b")).notes)
    assert not any(
        "CANNOT" in n for n in restored(RestoreRequest("b", frozenset({Part.SECRETS})), manifest=False).notes
    )


def test_a_person_types_environment_and_database_and_whose_backup_it_is() -> None:
    assert restored(RestoreRequest("b")).typed == "production/veza_production"
    foreign = restored(RestoreRequest("b", from_environment="staging"))
    assert foreign.typed == "staging into production/veza_production"
    assert foreign.confirm == "production" and any("BACKUP IS OF staging" in n for n in foreign.notes)
    assert restored(RestoreRequest("b", frozenset({Part.SECRETS}))).typed == "production"
    assert restored(RestoreRequest("b", drill=True)).typed == ""


def test_a_live_database_that_is_gone_is_created_and_not_backed_up_first() -> None:
    plan = restored(RestoreRequest("b"), live_exists=False)
    assert [s.id for s in plan.steps] == ["integrity", "scratch", "load", "analyze", "prove", "swap", "cache", "health"]
    assert next(s for s in plan.steps if s.id == "swap").action == "restore.create_live"
    assert any("does not exist" in note for note in plan.notes)
    gone = replace(GOOD, exists=False, owns_live=False, owner="")
    assert checks(gone)["live database"] is None and False not in checks(gone).values()
    assert checks(gone, tables=True)["live database"] is False


def test_without_the_cluster_nothing_asks_it_and_the_plan_says_so() -> None:
    target = replace(TARGET, server="", cluster_uid="")
    plan = restored(RestoreRequest("b"), target=target)
    assert "health" not in [s.id for s in plan.steps]
    assert plan.options["without_cluster"] is True and "WITHOUT THE CLUSTER" in plan.notes[0]
    with pytest.raises(ConfigError, match="cannot be scaled"):
        restored(RestoreRequest("b", drain="scale"), target=target)


def test_draining_follows_the_environment_unless_told() -> None:
    drains = replace(ENVIRONMENT, backup=replace(ENVIRONMENT.backup, drain="scale"))
    assert "drain" in plan_of(RestoreRequest("b"), environment=drains)
    assert "drain" not in plan_of(RestoreRequest("b", drain="none"), environment=drains)


def test_without_owners_roles_are_no_obstacle() -> None:
    found = checks(replace(GOOD, roles=frozenset(), user="other"), owners=False)
    assert "roles that the dump names" not in found and found["owners and grants"] is None


def test_a_sequence_that_was_behind_already_is_told_not_refused() -> None:
    behind = SequenceFacts("public", "users_id_seq", 3, "public.users", "id", 10)
    fine = replace(behind, last_value=10)
    was, now = replace(EXPECTED, sequences=(behind,)), replace(EXPECTED, sequences=(behind,))
    assert differences(was, now) == []
    assert "collide" in lagging(now)[0]
    assert "behind" in differences(replace(EXPECTED, sequences=(replace(fine, last_value=3, column_max=3),)), now)[0]
    assert lagging(replace(EXPECTED, sequences=(fine,))) == []


def test_a_sequence_may_stand_anywhere_between_before_and_after_the_dump() -> None:
    moved = SequenceFacts("public", "s", 10, upper=20)
    for value, fits in ((10, True), (15, True), (20, True), (9, False), (21, False), (None, False)):
        now = replace(EXPECTED, sequences=(replace(moved, last_value=value, upper=None),))
        assert (differences(replace(EXPECTED, sequences=(moved,)), now) == []) is fits
