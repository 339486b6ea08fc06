"""The action table is the one source of keys, and lists only what works."""

from dataclasses import replace

import pytest

from tests.tools.synthetic import environment, pod, view
from veza_tui.model.environment import Policy
from veza_tui.model.view import Link, Problem
from veza_tui.tui import registry
from veza_tui.tui.actions import ACTIONS, BY_ID, Action, Situation, applies
from veza_tui.tui.presentation.keys import help_lines, hints, keys_markdown
from veza_tui.tui.presentation.spans import line_width, plain

NOW = 1_700_000_000.0


def situation(**changes: object) -> Situation:
    base = Situation(environment("staging"), view("staging", now=NOW), pod(1, now=NOW))
    return replace(base, **changes)  # type: ignore[arg-type]


def test_no_key_means_two_things_and_every_action_is_told_apart() -> None:
    def keys_of(actions: list[Action]) -> list[str]:
        return [key for action in actions for keys in action.keys for key in keys.split(",")]

    common = keys_of([a for a in ACTIONS if not a.screens])
    assert len(common) == len(set(common))
    # A screen of its own may give a letter another meaning, but only one.
    for screen in {name for a in ACTIONS for name in a.screens}:
        own = keys_of([a for a in ACTIONS if screen in a.screens])
        assert len(own) == len(set(own)), screen
    assert len(BY_ID) == len(ACTIONS)


def test_no_destructive_key_is_a_lower_case_letter_but_undo_which_asks() -> None:
    changing = [BY_ID[i] for i in ("deploy", "backup", "restore")]
    assert all(action.shown.isupper() for action in changing)
    assert BY_ID["cursor.forward"].shown == "ctrl-d"


@pytest.mark.parametrize("action", sorted(registry.HANDLERS))
def test_every_handler_exists_and_belongs_to_the_table(action: str) -> None:
    assert action in BY_ID
    assert callable(registry.handler(action))


def test_a_handler_is_registered_once() -> None:
    with pytest.raises(ValueError, match="handled by"):
        registry.register("help", "somewhere:else")
    registry.register("help", registry.HANDLERS["help"])


def test_help_and_footer_and_markdown_list_handled_actions_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "HANDLERS", {"help": "a:b", "logs": "a:b", "quit": "a:b"})
    shown = registry.available()
    at = situation()
    text = "\n".join(plain(line) for line in help_lines(shown, at, 80))
    assert "Follow the pod's logs" in text
    assert "Deploy" not in text
    assert "Deploy" not in keys_markdown(shown)
    assert plain(hints(shown, at, 80)).split() == ["l", "logs", "?", "help"]


def test_the_footer_drops_the_least_useful_hint_first_and_keeps_help() -> None:
    shown = ACTIONS
    for cells in (40, 60, 80, 160):
        line = hints(shown, situation(), cells)
        assert line_width(line) <= cells
        assert plain(line).rstrip().endswith("? help")
    assert "logs" in plain(hints(shown, situation(), 40))


@pytest.mark.parametrize(
    ("action", "at", "reason"),
    [
        ("logs", {"pod": None}, "no pod is selected"),
        ("logs", {"view": replace(view("staging", now=NOW), link=Link.STALE)}, "the cluster does not answer"),
        ("logs", {"view": replace(view("staging", now=NOW), link=Link.CONNECTING)}, "the cluster has not answered yet"),
        ("logs", {"view": replace(view("staging", now=NOW), link=Link.DOWN, problems=(Problem("refused (401)", "x"),))},
         "the cluster does not accept our credentials"),
        ("deploy", {"read_only": True}, "staging is read-only here"),
        ("deploy", {"environment": environment("staging", read_only=True)}, "staging is read-only here"),
        ("deploy", {"environment": None}, "no environment is open"),
        ("backup", {"view": None}, None),
        ("backup", {"read_only": True}, None),
        *((action, {"denied_operation": "you may not create leases"}, "you may not create leases")
          for action in ("backup", "restore", "undo_restore")),
        ("undo", {"environment": replace(environment("staging"), policy=Policy(rollback_enabled=False))},
         "the pipeline's policy has rollback switched off"),
        ("undo", {}, None),
        ("undo", {"unchanged": True}, None),
        ("undo", {"unchanged": True, "view": replace(view("staging", now=NOW), last_operation=None)},
         "there is no release and no earlier revision to go back to"),
        ("undo", {"view": replace(view("staging", now=NOW), last_operation=None)}, None),
        ("shell", {"read_only": True}, "staging is read-only here"),
        ("open", {"pod": None}, "no pod is selected"),
        ("open", {"pod": None, "screen": "exercises"}, None),
        ("shell", {"denied_shell": "you may not create pods/exec in ns"}, "you may not create pods/exec in ns"),
        ("forward", {"denied_forward": "you may not forward"}, "you may not forward"),
        ("forward", {"denied_shell": "you may not create pods/exec in ns"}, None),
    ],
)  # fmt: skip
def test_what_is_not_possible_says_why(action: str, at: dict[str, object], reason: str | None) -> None:
    assert BY_ID[action].enabled(situation(**at)) == reason


def test_what_belongs_to_a_screen() -> None:
    assert applies(BY_ID["deploy"], situation())
    assert not applies(BY_ID["deploy"], situation(screen="logs"))
    assert not applies(BY_ID["filter"], situation(screen="pod", offers=frozenset()))
    assert applies(BY_ID["logs"], situation(screen="pod"))
