"""Keys as people write them, and key maps over the one table of actions."""

from __future__ import annotations

import string

import pytest
from textual.keys import Keys, _character_to_key

from tests.tools.synthetic import FixedClock, three
from veza_tui.settings.keymap import altered
from veza_tui.settings.keys import NAMED, KeyProblem, shown_key, textual_key
from veza_tui.settings.model import Settings
from veza_tui.tui.actions import ACTIONS, Action, Group, Where
from veza_tui.tui.app import VezaApp
from veza_tui.tui.registry import available


def by_id(actions: tuple[Action, ...], name: str) -> Action:
    return next(action for action in actions if action.id == name)


def test_every_ascii_character_has_textuals_name() -> None:
    for char in string.punctuation:
        assert textual_key(char) == _character_to_key(char)
        assert shown_key(textual_key(char)) == char
    for char in string.ascii_lowercase:
        assert textual_key(char) == char
        assert textual_key(char.upper()) == f"{char.upper()},shift+{char}"
        assert shown_key(textual_key(char.upper())) == char.upper()


def test_named_keys_are_textuals() -> None:
    known = {key.value for key in Keys}
    assert set(NAMED.values()) - {"space"} <= known


@pytest.mark.parametrize(
    ("written", "key", "shown"),
    [
        ("ctrl-d", "ctrl+d", "ctrl-d"), ("Ctrl+D", "ctrl+d", "ctrl-d"), ("alt-x", "alt+x", "alt-x"),
        ("shift-tab", "shift+tab", "shift-tab"), ("Esc", "escape", "esc"), ("F5", "f5", "f5"),
        ("PgDn", "pagedown", "pagedown"), ("-", "minus", "-"), ("+", "plus", "+"), ("shift-g", "G,shift+g", "G"),
        ("space", "space", "space"), ("shift-up", "shift+up", "shift-up"),
    ],
)  # fmt: skip
def test_spellings(written: str, key: str, shown: str) -> None:
    assert textual_key(written) == key
    assert shown_key(key) == shown


@pytest.mark.parametrize(
    "written",
    ["ctrl-", "ctrl--", "ctrl-ctrl-a", "super-a", "ab", "é", " ", "\x1b", "", "ctrl-1", "ctrl-z", "ctrl-m", "alt-enter",
     "1", "f13", "ctrl-shift-a", "-ctrl", "日"],
)  # fmt: skip
def test_what_is_no_key_is_refused_in_words(written: str) -> None:
    with pytest.raises(KeyProblem) as problem:
        textual_key(written)
    assert problem.value.todo


def test_the_table_is_altered_only_where_the_map_says() -> None:
    table, wrong = altered(ACTIONS, {"logs": ("Y", "f5"), "quit": ("Q",), "forwards": ()})
    assert not wrong
    assert by_id(table, "logs").keys == ("Y,shift+y", "f5")
    assert by_id(table, "logs").shown == "Y"
    assert by_id(table, "quit").keys == ("Q,shift+q", "ctrl+c")
    assert (by_id(table, "forwards").keys, by_id(table, "forwards").shown) == ((), "")
    assert [a.id for a in table] == [a.id for a in ACTIONS]
    same = [a.id for a, b in zip(ACTIONS, table, strict=True) if a == b]
    assert len(same) == len(ACTIONS) - 3


def test_two_keys_may_be_swapped() -> None:
    _, wrong = altered(ACTIONS, {"logs": ("d",), "describe": ("l",)})
    assert not wrong


def action(name: str, key: str, where: Where = Where.EVERYWHERE, screens: tuple[str, ...] = ()) -> Action:
    return Action(name, (textual_key(key),), key, f"Title of {name}", "", where, Group.POD, screens=screens)


@pytest.mark.parametrize(
    ("first", "second", "where"),
    [
        (action("a", "x"), action("b", "y"), "everywhere"),
        (action("a", "x", Where.OVERVIEW), action("b", "y"), "on the screen overview"),
        (action("a", "x", Where.POD), action("b", "y", screens=("logs",)), "on the screen logs"),
        (action("a", "x", Where.OVERVIEW), action("b", "y", screens=("logs",)), ""),
        (action("a", "x", screens=("yaml",)), action("b", "y", screens=("logs",)), ""),
        (action("a", "x", Where.LIST), action("b", "y", screens=("logs",)), "on the screen logs"),
    ],
)
def test_a_conflict_is_one_where_both_can_be_meant(first: Action, second: Action, where: str) -> None:
    table, wrong = altered((first, second), {"a": ("y",)})
    if not where:
        assert not wrong
        assert by_id(table, "a").shown == "y"
        return
    assert [w.action for w in wrong] == ["a"]
    assert "`b` (Title of b)" in wrong[0].message
    assert where in wrong[0].message
    assert "`a` and `b`" in wrong[0].todo
    assert table == (first, second)


def test_a_shifted_letter_conflicts_by_either_name() -> None:
    _, wrong = altered(ACTIONS, {"logs": ("shift-d",)})
    assert [(w.action, "`deploy`" in w.message, "the key D" in w.message) for w in wrong] == [("logs", True, True)]


def test_the_defaults_are_free_of_conflicts() -> None:
    wanted = {a.id: [shown_key(k) for k in a.keys if k != "ctrl+c"] for a in ACTIONS if a.id != "tab"}
    table, wrong = altered(ACTIONS, wanted)
    shadowed = {"exercises", "operation.cancel", "yaml.reveal"}  # a screen's own x wins over the demo's
    assert [w for w in wrong if w.action not in shadowed and not any(f"`{s}`" in w.message for s in shadowed)] == []
    if not wrong:
        assert [a.keys for a in table] == [a.keys for a in ACTIONS]


async def test_pressing_the_new_key_works_and_help_and_palette_show_it() -> None:
    settings = Settings(keys={"help": ("f2",), "quit": ("Q",), "filter": ("ctrl-f",)})
    app = VezaApp(three(FixedClock(1_700_000_000.0)), settings=settings)
    async with app.run_test(size=(100, 40)) as pilot:
        await pilot.pause()
        await pilot.press("question_mark")
        await pilot.pause()
        assert app.veza_screen.title_name == "overview"
        await pilot.press("f2")
        await pilot.pause()
        assert app.veza_screen.title_name == "help"
        text = "\n".join(
            "".join(s.text for s in strip) for strip in app.screen._compositor.render_strips(app.screen.size)
        )
        assert "f2" in text
        assert "ctrl-f" in text
        assert {a.id: a.shown for a in available()}["quit"] == "Q"
        await pilot.press("escape", "q")
        await pilot.pause()
        assert app.is_running
        await pilot.press("Q")
        await pilot.pause()
    assert app.return_code == 0


async def test_the_next_application_has_the_defaults_again() -> None:
    VezaApp(three(FixedClock(1_700_000_000.0)), settings=Settings(keys={"help": ("f2",)}))
    VezaApp(three(FixedClock(1_700_000_000.0)))
    assert {a.id: a.shown for a in available()}["help"] == "?"


async def test_a_bad_file_is_one_line_on_the_screen() -> None:
    app = VezaApp(three(FixedClock(1_700_000_000.0)), notice="config.yaml:3: theme [b]is not[/b] one of")
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        assert [n.message for n in app._notifications] == ["config.yaml:3: theme [b]is not[/b] one of"]


async def test_the_bell_is_silent_when_told(monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[int] = []
    monkeypatch.setattr("textual.app.App.bell", lambda self: rung.append(1))
    VezaApp(three(FixedClock(1.0)), settings=Settings(bell=False)).bell()
    assert not rung
    VezaApp(three(FixedClock(1.0)), settings=Settings()).bell()
    assert rung == [1]
