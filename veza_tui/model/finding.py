"""A finding of `validate`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is: errors give exit 2, warnings do not."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding; ``line`` is 1-based, 0 when it is about the whole file; ``todo`` says what to do."""

    severity: Severity
    file: str
    line: int
    key: str
    message: str
    todo: str
    rule: str = ""
    environment: str = ""
