"""An object as YAML: managedFields folded, values of Secrets masked unless they are asked for. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from veza_tui.feeds.fields import mapping
from veza_tui.feeds.inspect.masking import MASK, masked_annotations

Raw = Mapping[str, Any]


def yaml_lines(obj: Raw, *, managed: bool = False, reveal: bool = False) -> list[str]:
    """The lines. ``managed`` unfolds managedFields; ``reveal`` shows a Secret's values, decoded where they are text.

    Masks all have one length: they tell nothing of what they hide.
    """
    import yaml

    shown = dict(obj)
    meta = dict(mapping(obj.get("metadata")))
    fields = meta.pop("managedFields", None)
    secret = obj.get("kind") == "Secret"
    if secret:
        if not reveal:
            _mask(shown, meta)
        else:
            _decode(shown)
    shown["metadata"] = meta
    order = ("apiVersion", "kind", "metadata")
    shown = {**{k: shown[k] for k in order if k in shown}, **{k: v for k, v in shown.items() if k not in order}}
    if fields and managed:
        meta["managedFields"] = fields
    text = yaml.dump(shown, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=10_000)
    lines: list[str] = text.rstrip("\n").split("\n")
    if fields and not managed:
        at = _end_of_metadata(lines)
        lines.insert(at, f"  managedFields: # {len(fields)} entries, folded")
    return lines


def is_secret(obj: Raw | None) -> bool:
    """Whether it has values to mask."""
    return mapping(obj).get("kind") == "Secret"


def _mask(shown: dict[str, Any], meta: dict[str, Any]) -> None:
    if meta.get("annotations"):
        meta["annotations"] = masked_annotations({**shown, "metadata": meta})
    for key in ("data", "stringData"):
        if shown.get(key):
            shown[key] = dict.fromkeys(mapping(shown[key]), MASK)


def _decode(shown: dict[str, Any]) -> None:
    """Base64 of text as the text itself, under a key that no Secret has: nobody shall apply it by mistake."""
    plain = {}
    for key, value in mapping(shown.get("data")).items():
        try:
            plain[key] = base64.b64decode(str(value), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            plain[key] = f"{value} # base64 of bytes that are no text"
    if plain:
        shown["data"] = plain


def _end_of_metadata(lines: list[str]) -> int:
    inside = False
    for i, line in enumerate(lines):
        if inside and line and not line.startswith(" "):
            return i
        inside = inside or line == "metadata:"
    return len(lines)


def _dumper() -> Any:
    import yaml

    class Dumper(yaml.SafeDumper):
        """Without anchors, with texts of several lines as blocks."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            super().increase_indent(flow, indentless)

    def represent(dumper: Any, value: str) -> Any:
        style = "|" if "\n" in value and not any(line.endswith((" ", "\t")) for line in value.split("\n")) else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, represent)
    return Dumper
