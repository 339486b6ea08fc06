"""What the API server refuses, as a person reads it."""

from __future__ import annotations

import json

from veza_tui.adapters.kubernetes.errors import from_answer


def test_an_immutable_field_is_named_without_the_value_that_the_server_repeats() -> None:
    value = '{"Spec":' + "x" * 3000 + "}"
    said = f'Job.batch "migrate" is invalid: spec.template: Invalid value: {value}: field is immutable'
    body = json.dumps({"kind": "Status", "message": said, "reason": "Invalid"}).encode()
    error = from_answer(422, body, {}, "apply")
    assert error.message == 'Job.batch "migrate" is invalid: spec.template: field is immutable'
