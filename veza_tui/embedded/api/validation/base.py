"""Collecting causes, and the formats of names (messages: apimachinery's util/validation and field packages)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from veza_tui.embedded.api.errors import Cause

JSONObject = dict[str, Any]
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    f"an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')"
)
SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    f"end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
)
DNS1035_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_QUALIFIED_TEXT = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    f"(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{_NAME}')"
)
_LABEL_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    f"'({_NAME})?')"
)
KEY_TEXT = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
IMMUTABLE = "field is immutable"


class Problems:
    """Causes of a refusal, in the order found."""

    def __init__(self) -> None:
        self.causes: list[Cause] = []

    def required(self, path: str, detail: str = "") -> None:
        """Required value."""
        self.causes.append(Cause("FieldValueRequired", "Required value" + (f": {detail}" if detail else ""), path))

    def invalid(self, path: str, value: Any, detail: str) -> None:
        """Invalid value."""
        self.causes.append(Cause("FieldValueInvalid", f"Invalid value: {quoted(value)}: {detail}", path))

    def unsupported(self, path: str, value: Any, supported: Iterable[str]) -> None:
        """Unsupported value."""
        choice = ", ".join(f'"{v}"' for v in supported)
        text = f"Unsupported value: {quoted(value)}: supported values: {choice}"
        self.causes.append(Cause("FieldValueNotSupported", text, path))

    def forbidden(self, path: str, detail: str) -> None:
        """Forbidden."""
        self.causes.append(Cause("FieldValueForbidden", f"Forbidden: {detail}", path))

    def duplicate(self, path: str, value: Any) -> None:
        """Duplicate value."""
        self.causes.append(Cause("FieldValueDuplicate", f"Duplicate value: {quoted(value)}", path))

    def missing(self, path: str, value: Any) -> None:
        """Not found."""
        self.causes.append(Cause("FieldValueNotFound", f"Not found: {quoted(value)}", path))

    def too_long(self, path: str, limit: int) -> None:
        """Too long."""
        self.causes.append(Cause("FieldValueTooLong", f"Too long: may not be more than {limit} bytes", path))

    # -- common rules -------------------------------------------------------------------------------------------

    def nonnegative(self, path: str, value: Any) -> None:
        """An integer that may be missing."""
        if isinstance(value, int) and value < 0:
            self.invalid(path, value, "must be greater than or equal to 0")

    def choice(self, path: str, value: Any, supported: Sequence[str], *, optional: bool = False) -> None:
        """One of a few words."""
        if not value:
            if not optional:
                self.required(path)
        elif value not in supported:
            self.unsupported(path, value, supported)

    def label(self, path: str, value: str) -> None:
        """A DNS label."""
        for text in label_problems(value):
            self.invalid(path, value, text)

    def subdomain(self, path: str, value: str) -> None:
        """A DNS subdomain."""
        for text in subdomain_problems(value):
            self.invalid(path, value, text)

    def port(self, path: str, value: Any) -> None:
        """A port number."""
        if not isinstance(value, int) or not 1 <= value <= 65535:
            self.invalid(path, value, "must be between 1 and 65535, inclusive")

    def port_or_name(self, path: str, value: Any) -> None:
        """A port's number or name."""
        if isinstance(value, str):
            for text in port_name_problems(value):
                self.invalid(path, value, text)
        else:
            self.port(path, 0 if value is None else value)

    def int_or_percent(self, path: str, value: Any) -> None:
        """A count or ``25%``, not above 100%."""
        if isinstance(value, str):
            if not re.fullmatch("[0-9]+%", value):
                text = (
                    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', "
                    "regex used for validation is '[0-9]+%')"
                )
                self.invalid(path, value, text)
            elif int(value[:-1]) > 100:
                self.invalid(path, value, "must not be greater than 100%")
        else:
            self.nonnegative(path, value)


def quoted(value: Any) -> str:
    """As Go prints it: strings quoted, the rest as JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def label_problems(value: str) -> list[str]:
    """What is wrong with it as a DNS label."""
    out = ["must be no more than 63 characters"] if len(value.encode()) > 63 else []
    if re.fullmatch(_LABEL, value):
        return out
    return [*out, "must not contain dots" if re.fullmatch(_SUBDOMAIN, value) else LABEL_TEXT]


def subdomain_problems(value: str) -> list[str]:
    """What is wrong with it as a DNS subdomain."""
    out = ["must be no more than 253 characters"] if len(value.encode()) > 253 else []
    return out + ([] if re.fullmatch(_SUBDOMAIN, value) else [SUBDOMAIN_TEXT])


def dns1035_problems(value: str) -> list[str]:
    """What is wrong with it as a Service's name."""
    out = ["must be no more than 63 characters"] if len(value.encode()) > 63 else []
    return out + ([] if re.fullmatch("[a-z]([-a-z0-9]*[a-z0-9])?", value) else [DNS1035_TEXT])


def path_segment_problems(value: str) -> list[str]:
    """What is wrong with it as a name of an RBAC object."""
    out = [f"may not be '{value}'"] if value in (".", "..") else []
    return out + [f"may not contain '{c}'" for c in "/%" if c in value]


def port_name_problems(value: str) -> list[str]:
    """What is wrong with it as a container port's name."""
    out: list[str] = []
    if len(value) > 15:
        out.append("must be no more than 15 characters")
    if not re.fullmatch("[-a-z0-9]+", value):
        out.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", value):
        out.append("must contain at least one letter (a-z)")
    if "--" in value:
        out.append("must not contain consecutive hyphens")
    if value.startswith("-") or value.endswith("-"):
        out.append("must not begin or end with a hyphen")
    return out


def qualified_name_problems(value: str) -> list[str]:
    """What is wrong with it as ``prefix/name``."""
    parts = value.split("/")
    if len(parts) > 2:
        tail = "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
        head = _QUALIFIED_TEXT.partition(" (e.g.")[0]
        text = f"a qualified name {head} {tail}'{_NAME}') with an optional DNS subdomain prefix and '/' (e.g. "
        return [text + "'example.com/MyName')"]
    out: list[str] = []
    if len(parts) == 2:
        if not parts[0]:
            out.append("prefix part must be non-empty")
        else:
            out += [f"prefix part {text}" for text in subdomain_problems(parts[0])]
    name = parts[-1]
    if not name:
        out.append("name part must be non-empty")
    elif len(name) > 63:
        out.append("name part must be no more than 63 characters")
    if not re.fullmatch(_NAME, name):
        out.append(f"name part {_QUALIFIED_TEXT}")
    return out


def label_value_problems(value: str) -> list[str]:
    """What is wrong with it as a label's value."""
    out = ["must be no more than 63 characters"] if len(value.encode()) > 63 else []
    return out + ([] if re.fullmatch(f"({_NAME})?", value) else [_LABEL_VALUE_TEXT])


def key_problems(value: str) -> list[str]:
    """What is wrong with it as a key of a ConfigMap or Secret."""
    out = ["must be no more than 253 characters"] if len(value) > 253 else []
    if not re.fullmatch("[-._a-zA-Z0-9]+", value):
        out.append(KEY_TEXT)
    if value in (".", ".."):
        out.append(f"must not be '{value}'")
    elif value.startswith(".."):
        out.append("must not start with '..'")
    return out
