"""Tokens of ServiceAccounts: what TokenRequest hands out and the authenticator takes again (signed JWTs, no table)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import TYPE_CHECKING, Any

from veza_tui.embedded.api.call import Call
from veza_tui.embedded.api.errors import ApiError, Cause, invalid
from veza_tui.embedded.api.meta import new_uid, rfc3339
from veza_tui.embedded.api.rbac import User

if TYPE_CHECKING:
    from veza_tui.embedded.api.store import Store

JSONObject = dict[str, Any]
ISSUER = "https://kubernetes.default.svc.cluster.local"
_KEY = secrets.token_bytes(32)
_HEAD = {"alg": "HS256", "typ": "JWT"}
_BOUND = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}


def _pack(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=").decode()


def _sign(text: str) -> str:
    return base64.urlsafe_b64encode(hmac.digest(_KEY, text.encode(), hashlib.sha256)).rstrip(b"=").decode()


def _user_name(namespace: str, name: str) -> str:
    return f"system:serviceaccount:{namespace}:{name}"


def user(namespace: str, name: str) -> User:
    """Who a token of that account is: no role is bound to it here."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
    return User(_user_name(namespace, name), "nobody", groups)


def mint(store: Store, account: JSONObject, seconds: int, audiences: list[str], bound: JSONObject | None = None) -> str:
    """A token of ``account`` for ``seconds``; ``bound`` is the object with which it ends."""
    meta, now = account["metadata"], int(store.clock())
    claim: JSONObject = {"namespace": meta["namespace"], "serviceaccount": {"name": meta["name"], "uid": meta["uid"]}}
    if bound:
        claim[bound["kind"].lower()] = {"name": bound["metadata"]["name"], "uid": bound["metadata"]["uid"]}
    body = {
        "aud": audiences, "exp": now + seconds, "iat": now, "iss": ISSUER, "jti": new_uid(), "kubernetes.io": claim,
        "nbf": now, "sub": _user_name(meta["namespace"], meta["name"]),
    }  # fmt: skip
    text = f"{_pack(_HEAD)}.{_pack(body)}"
    return f"{text}.{_sign(text)}"


def authenticate(store: Store, token: str) -> User | None:
    """Whose token this is; None when it is none of ours, over, for others, or its account or bound object is gone."""
    text, _, signature = token.rpartition(".")
    if not text or not hmac.compare_digest(_sign(text).encode(), signature.encode()):
        return None
    body = json.loads(base64.urlsafe_b64decode(text.partition(".")[2] + "=="))
    claim = body["kubernetes.io"]
    if body["exp"] <= store.clock() or ISSUER not in body["aud"]:
        return None
    namespace = claim["namespace"]
    held = [("serviceaccounts", claim["serviceaccount"])]
    held += [(key, claim[kind.lower()]) for kind, key in _BOUND.items() if kind.lower() in claim]
    for key, ref in held:
        found = store.find(key, None if key == "nodes" else namespace, ref["name"])
        if found is None or found["metadata"]["uid"] != ref["uid"]:
            return None
    return user(namespace, claim["serviceaccount"]["name"])


async def request_token(call: Call) -> JSONObject:
    """POST of a TokenRequest; raises ApiError 400, 404, 409 or 422."""
    account = call.store.get("serviceaccounts", call.namespace, call.info.name)
    body = await call.body_object("authentication.k8s.io/v1", "TokenRequest")
    spec = body.get("spec") or {}
    seconds = int(spec.get("expirationSeconds") or 3600)
    if seconds < 600 or seconds > 1 << 32:
        limit = "less than 10 minutes" if seconds < 600 else "larger than 2^32 seconds"
        text = f"Invalid value: {seconds}: may not specify a duration {limit}"
        raise invalid(
            "TokenRequest", "authentication.k8s.io", "", [Cause("FieldValueInvalid", text, "spec.expirationSeconds")]
        )
    audiences = list(spec.get("audiences") or [ISSUER])
    ref, bound = spec.get("boundObjectRef"), None
    if ref:
        key = _BOUND.get(ref.get("kind", ""))
        if key is None:
            raise ApiError(400, "BadRequest", f"cannot bind token for serviceaccount to object {ref.get('kind')}")
        bound = call.store.get(key, None if key == "nodes" else call.namespace, ref.get("name", ""))
        if ref.get("uid") and ref["uid"] != bound["metadata"]["uid"]:
            why = f"the UID in the bound object reference ({ref['uid']}) does not match the UID in record"
            raise ApiError(409, "Conflict", f"{why}. The object might have been deleted and then recreated")
    token = mint(call.store, account, seconds, audiences, bound)
    until = rfc3339(call.store.clock() + seconds)
    meta = {"name": call.info.name, "namespace": call.namespace, "creationTimestamp": rfc3339(call.store.clock())}
    body["metadata"] = meta
    body["spec"] = {**spec, "audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": ref or None}
    body["status"] = {"token": token, "expirationTimestamp": until}
    return body
