"""boto3's clients for a bucket, and its errors as one line for a person."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from veza_tui.model.errors import ConfigError, UnreachableError, VezaError
from veza_tui.model.exits import Exit
from veza_tui.model.text import printable
from veza_tui.ports.storage import CredentialsError

_REFUSED = (
    "AccessDenied",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "AuthFailure",
    "403",
    "ExpiredToken",
    "InvalidToken",
)
_NONE = ("NoCredentialsError", "PartialCredentialsError", "NoRegionError", "CredentialRetrievalError")
_WRONG = ("ParamValidationError", "ProfileNotFound", "ConfigNotFound", "ConfigParseError", "InvalidRegionError")
_SILENT = ("ReadTimeoutError", "ConnectTimeoutError")


def make_clients(address: str) -> tuple[Any, Any]:
    """Two of them: a quick one for what somebody waits for, a patient one for the bytes of a dump.

    Against an endpoint that accepts and never answers the quick one gives up after half a minute, the patient one after
    four; retries are for throttling and cut connections (botocore, retry mode ``standard``).

    Raises:
        ConfigError: boto3 is not installed.
        VezaError: its configuration is wrong (a profile that does not exist, a malformed endpoint).
    """
    try:
        from boto3.session import Session
        from botocore.config import Config
    except ImportError:
        raise ConfigError("backups in a bucket need boto3", hint="pip install 'veza-tui[s3]'") from None
    quick = Config(connect_timeout=5, read_timeout=8, retries={"total_max_attempts": 3, "mode": "standard"})
    patient = Config(connect_timeout=10, read_timeout=60, retries={"total_max_attempts": 4, "mode": "standard"})
    try:
        # One of its own: boto3's default session keeps the first credentials it saw, and is not for several threads.
        session = Session()
        return session.client("s3", config=quick), session.client("s3", config=patient)
    except Exception as error:
        raise explain(error, address) from None


def explain(error: BaseException, what: str) -> VezaError:
    """One line for a person out of botocore's errors; none of them quotes a credential."""
    # botocore's HTTP errors have the attribute too, and it is None.
    answer = getattr(error, "response", None)
    code = str(answer.get("Error", {}).get("Code", "")) if isinstance(answer, dict) else ""
    kind = type(error).__name__
    first = str(error).splitlines()[0] if str(error) else kind
    text = printable(re.sub(r'\?[^\s"]+', "", first), limit=200)  # without a request's query
    if code in ("NoSuchKey", "404"):
        return ConfigError(f"{what} is not there")
    if code == "NoSuchBucket":
        return ConfigError(f"{what}: there is no such bucket", hint="create it, or correct data.backup.storage")
    if code in _REFUSED:
        return CredentialsError(f"{what}: {text}", hint="check the credentials and their policy")
    if kind in _NONE:
        missing = CredentialsError(
            f"{what}: {text}", hint="set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION or ~/.aws"
        )
        missing.exit = Exit.USAGE
        return missing
    if kind in _WRONG or isinstance(error, ValueError):
        return ConfigError(f"{what}: {text}", hint="correct data.backup.storage or the AWS_* variables")
    place = _place(error)
    if place and kind in _SILENT:
        return UnreachableError(f"{what}: {place} does not answer")
    if place and kind == "EndpointConnectionError":
        return UnreachableError(f"{what}: {place} cannot be reached", hint="is AWS_ENDPOINT_URL_S3 right?")
    if place:
        return UnreachableError(f"{what}: {place} does not speak S3, or cut the connection: {text}")
    return UnreachableError(f"{what}: {text}")


def _place(error: BaseException) -> str:
    """``scheme://host:port`` of botocore's HTTP errors; their own text has the whole request in it."""
    given = getattr(error, "kwargs", None)
    address = given.get("endpoint_url") if isinstance(given, dict) else None
    try:
        parts = urlsplit(str(address or ""))
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    return printable(f"{parts.scheme}://{host}{port}", limit=200) if host else ""
