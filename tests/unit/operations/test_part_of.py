"""The deploy in an approved pipeline: asked for once, and only for what was approved."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from veza_tui.model.journal import JournalEvent
from veza_tui.model.plan import Plan, Step, Target
from veza_tui.operations.journal import Journal
from veza_tui.operations.part_of import Word, word_for
from veza_tui.operations.request import Request
from veza_tui.operations.store import OperationFiles
from veza_tui.operations.who import Person

WHOLE, MINE = "20261123t150531909-8b1435", "20261123t150631909-8b1436"
TARGET = Target("production", "ns", "https://k", "uid")
FILES = {"file:environments/production.yaml": "e", "file:k8s/production/30.yaml": "m", "object:apps/v1/x": "o"}
PLAN = Plan("deploy", TARGET, "Deploy", (), fingerprint=FILES)
START = Step("deploy_to_production", "Deploy", "pipeline.deploy", {"environment": "production"})
PIPELINE = Plan(
    "pipeline", TARGET, "Pipeline", (START,), fingerprint={k: v for k, v in FILES.items() if k.startswith("file:")}
)
CHOSEN = JournalEvent("note", 2.0, START.id, {"text": "chosen", "operation": MINE})


def approved(plan: Plan = PIPELINE) -> JournalEvent:
    return JournalEvent("approval", 1.0, "", {"approvers": ["bob"], "plan_hash": plan.hash})


def written(folder: Path, plan: Plan, events: list[JournalEvent], **more: Any) -> OperationFiles:
    above = OperationFiles(folder / WHOLE)
    above.directory.mkdir()
    (above.directory / "plan.json").write_text(json.dumps(plan.to_json()))
    request = Request(WHOLE, Person("ann", 1, "h"), "/w", 0.0, **more)
    above.write_request(request)
    journal = Journal(above.journal)
    for event in events:
        journal.append(event)
    journal.close()
    return OperationFiles(folder / MINE)


def test_the_word_for_the_pipeline_counts_for_the_deploy_it_started(tmp_path: Path) -> None:
    files = written(tmp_path, PIPELINE, [approved(), CHOSEN])
    assert word_for(files, PLAN, WHOLE) == Word(("bob",))


def test_breaking_the_glass_goes_on_in_it(tmp_path: Path) -> None:
    files = written(tmp_path, PIPELINE, [CHOSEN], break_glass="site down")
    assert word_for(files, PLAN, WHOLE) == Word((), "site down")


def test_what_update_manifests_wrote_is_part_of_it(tmp_path: Path) -> None:
    result = {"files": {"file:k8s/production/30.yaml": "m2"}}
    step = JournalEvent("step", 1.5, "update_manifests", {"state": "done", "result": result})
    files = written(tmp_path, PIPELINE, [approved(), step, CHOSEN])
    plan = replace(PLAN, fingerprint={**FILES, "file:k8s/production/30.yaml": "m2"})
    assert word_for(files, plan, WHOLE).approvers == ("bob",)
    assert "k8s/production/30.yaml" in word_for(files, PLAN, WHOLE).not_ours, "and nothing else is"


@pytest.mark.parametrize(
    ("plan", "events", "changed", "why"),
    [
        (PIPELINE, [approved()], {}, "did not start"),
        (PIPELINE, [approved(), CHOSEN, JournalEvent("end", 3.0, "", {"state": "done"})], {}, "has ended"),
        (replace(PIPELINE, target=replace(TARGET, cluster_uid="other")), [approved(), CHOSEN], {}, "another cluster"),
        (
            replace(PIPELINE, steps=(replace(START, args={"environment": "staging"}),)),
            [approved(), CHOSEN],
            {},
            "start",
        ),
        (PIPELINE, [approved(), CHOSEN], {"file:k8s/production/30.yaml": "by hand"}, "k8s/production/30.yaml"),
        (PIPELINE, [approved(), CHOSEN], {"file:k8s/production/99-new.yaml": "new"}, "k8s/production/99-new.yaml"),
    ],
)
def test_it_is_no_way_round(
    tmp_path: Path, plan: Plan, events: list[JournalEvent], changed: dict[str, str], why: str
) -> None:
    files = written(tmp_path, plan, events)
    assert why in word_for(files, replace(PLAN, fingerprint={**FILES, **changed}), WHOLE).not_ours


def test_an_approval_of_another_plan_is_none(tmp_path: Path) -> None:
    other = replace(PIPELINE, title="another")
    files = written(tmp_path, PIPELINE, [approved(other), CHOSEN])
    assert word_for(files, PLAN, WHOLE) == Word()


@pytest.mark.parametrize("name", ["", "../x", "20261123t150531909-000000"])
def test_a_pipeline_that_is_not_there_says_nothing(tmp_path: Path, name: str) -> None:
    assert word_for(OperationFiles(tmp_path / MINE), PLAN, name).not_ours
