"""JSON patch (RFC 6902) with JSON pointers (RFC 6901)."""

from __future__ import annotations

from typing import Any

from veza_tui.embedded.api.errors import ApiError, bad_request
from veza_tui.embedded.api.meta import clone


def _refused(_why: str) -> ApiError:
    """422; the real server does not say why either."""
    return ApiError(422, "Invalid", "the server rejected our request due to an error in our request")


def _pointer(text: Any) -> list[str]:
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise bad_request(f"invalid JSON pointer {text!r}")
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _index(items: list[Any], token: str, *, insert: bool) -> int:
    if token == "-" and insert:  # noqa: S105 - a JSON pointer's token, no password
        return len(items)
    if not token.lstrip("-").isdigit():
        raise _refused(f"invalid array index {token!r}")
    index = int(token)
    if index < 0:
        index += len(items)
    if not 0 <= index < len(items) + insert:
        raise _refused(f"Unable to access invalid index: {token}")
    return index


def _walk(document: Any, tokens: list[str], path: str) -> Any:
    for token in tokens:
        if isinstance(document, dict) and token in document:
            document = document[token]
        elif isinstance(document, list):
            document = document[_index(document, token, insert=False)]
        else:
            raise _refused(f"missing path: {path}")
    return document


def _add(root: Any, path: str, value: Any) -> Any:
    tokens = _pointer(path)
    if not tokens:
        return value
    parent = _walk(root, tokens[:-1], path)
    if isinstance(parent, list):
        parent.insert(_index(parent, tokens[-1], insert=True), value)
    elif isinstance(parent, dict):
        parent[tokens[-1]] = value
    else:
        raise _refused(f"missing path: {path}")
    return root


def _remove(root: Any, path: Any) -> Any:
    tokens = _pointer(path)
    if not tokens:
        raise _refused("cannot remove the root")
    parent = _walk(root, tokens[:-1], path)
    if isinstance(parent, list):
        return parent.pop(_index(parent, tokens[-1], insert=False))
    if not isinstance(parent, dict) or tokens[-1] not in parent:
        raise _refused(f"remove operation does not apply: doc is missing key: {path}: missing value")
    return parent.pop(tokens[-1])


def json_patch(target: Any, operations: Any) -> Any:
    """``target`` after the operations; ``target`` is not changed.

    Raises:
        ApiError: 400 malformed, 422 when an operation does not apply (a failed test among them).
    """
    if not isinstance(operations, list):
        raise bad_request(
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"
        )
    root = clone(target)
    for operation in operations:
        if not isinstance(operation, dict) or "op" not in operation or "path" not in operation:
            raise bad_request("a JSON patch operation needs op and path")
        name, path = operation["op"], operation["path"]
        if name in ("add", "replace", "test") and "value" not in operation:
            raise bad_request(f"{name} needs a value")
        if name == "add":
            root = _add(root, path, clone(operation["value"]))
        elif name == "remove":
            _remove(root, path)
        elif name == "replace":
            if _pointer(path):
                tokens = _pointer(path)
                parent = _walk(root, tokens[:-1], path)
                if not isinstance(parent, (dict, list)):
                    raise _refused(f"missing path {path}")
                # an absent key is added, as the server's library does, though RFC 6902 says otherwise
                key: Any = _index(parent, tokens[-1], insert=False) if isinstance(parent, list) else tokens[-1]
                parent[key] = clone(operation["value"])
            else:
                root = clone(operation["value"])
        elif name == "move":
            root = _add(root, path, _remove(root, operation.get("from")))
        elif name == "copy":
            source = operation.get("from")
            root = _add(root, path, clone(_walk(root, _pointer(source), str(source))))
        elif name == "test":
            if _walk(root, _pointer(path), path) != operation["value"]:
                raise _refused(f"testing value {path} failed")
        else:
            raise _refused(f"unexpected kind {name}")
    return root
