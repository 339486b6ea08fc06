"""Scalars are set by path and nothing else changes."""

from __future__ import annotations

import yaml

from veza_tui.embedded.platform.yaml_edit import set_values

TEXT = """\
# head
data:
  # the database
  database:
    host: "old"   # gone with the value
    port: 5432

  cache:
    host: "old"
  logging:
    level: "info"
"""


def test_replaces_only_the_named_key() -> None:
    changed = set_values(TEXT, {("data", "cache", "host"): '"new"'})
    assert changed == TEXT.replace('  cache:\n    host: "old"', '  cache:\n    host: "new"')


def test_adds_a_missing_key_at_the_end_of_its_mapping() -> None:
    changed = set_values(TEXT, {("data", "cache", "port"): "6379"})
    assert yaml.safe_load(changed)["data"]["cache"] == {"host": "old", "port": 6379}
    assert set(changed.splitlines()) - set(TEXT.splitlines()) == {"    port: 6379"}


def test_adds_missing_mappings() -> None:
    values = {("data", "kubernetes", "context"): '"a"', ("data", "kubernetes", "namespace"): '"b"'}
    assert yaml.safe_load(set_values(TEXT, values))["data"]["kubernetes"] == {"context": "a", "namespace": "b"}


def test_twice_is_once() -> None:
    values = {("data", "kubernetes", "context"): '"a"', ("data", "database", "port"): "1"}
    once = set_values(TEXT, values)
    assert set_values(once, values) == once
