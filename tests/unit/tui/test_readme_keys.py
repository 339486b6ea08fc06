"""The README's key table is the action table."""

from tests.tools.readme import README, with_keys


def test_the_key_table_is_the_action_table() -> None:
    text = README.read_text(encoding="utf-8")
    assert "<!-- keys:" in text
    assert with_keys(text) == text, "run: python -m tests.tools.readme"
