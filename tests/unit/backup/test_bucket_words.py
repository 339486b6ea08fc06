"""What a person reads when a bucket says no: one line, what, where and what to do, never a credential or a query."""

import json
from pathlib import Path

import pytest
from botocore import exceptions

from tests.unit.operations.worlds import PLAIN
from veza_tui.adapters.storage.local import LocalStorage
from veza_tui.adapters.storage.s3_client import explain
from veza_tui.cli.backups_output import print_list
from veza_tui.model.environment import Environment
from veza_tui.model.errors import ConfigError, UnreachableError, VezaError
from veza_tui.model.exits import Exit
from veza_tui.operations.backup.catalogue import Catalogue
from veza_tui.ports.storage import CredentialsError

URL = "http://ada:pw@s3.test:9000/veza?list-type=2&prefix=geheim"


def answered(code: str, text: str = "no") -> exceptions.ClientError:
    return exceptions.ClientError({"Error": {"Code": code, "Message": text}}, "ListObjectsV2")


@pytest.mark.parametrize(
    ("error", "kind", "exit", "words"),
    [
        (answered("NoSuchBucket"), ConfigError, 2, "there is no such bucket — create it"),
        (answered("NoSuchKey"), ConfigError, 2, "is not there"),
        (answered("SignatureDoesNotMatch"), CredentialsError, 6, "check the credentials and their policy"),
        (answered("ExpiredToken"), CredentialsError, 6, "check the credentials"),
        (answered("SlowDown"), UnreachableError, 3, "SlowDown"),
        (exceptions.NoCredentialsError(), CredentialsError, 2, "set AWS_ACCESS_KEY_ID"),
        (exceptions.ProfileNotFound(profile="x"), ConfigError, 2, "profile (x) could not be found"),
        (ValueError("Invalid endpoint: x"), ConfigError, 2, "Invalid endpoint: x"),
        (exceptions.EndpointConnectionError(endpoint_url=URL), UnreachableError, 3, "http://s3.test:9000 cannot be"),
        (exceptions.ReadTimeoutError(endpoint_url=URL), UnreachableError, 3, "http://s3.test:9000 does not answer"),
        (exceptions.ConnectTimeoutError(endpoint_url=URL), UnreachableError, 3, "http://s3.test:9000 does not answer"),
        (exceptions.ConnectionClosedError(endpoint_url=URL), UnreachableError, 3, "does not speak S3, or cut"),
        (exceptions.SSLError(endpoint_url=URL, error="wrong version"), UnreachableError, 3, "wrong version"),
        (exceptions.HTTPClientError(error="a\nb"), UnreachableError, 3, "a"),
    ],
)
def test_one_line_for_each(error: Exception, kind: type[VezaError], exit: int, words: str) -> None:
    told = explain(error, "s3://veza/prod")
    assert (type(told), told.exit) == (kind, exit)
    assert str(told).startswith("s3://veza/prod")
    assert words in str(told)
    for never in ("\n", "geheim", "list-type"):
        assert never not in str(told)


def test_a_bucket_that_is_down_hides_no_other_environment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def down() -> tuple[Environment, Catalogue]:
        raise UnreachableError("s3://veza/prod: http://s3.test does not answer")

    def here() -> tuple[Environment, Catalogue]:
        (tmp_path / "20260101_000000").mkdir(exist_ok=True)
        (tmp_path / "20260101_000000" / f"{PLAIN.name}.yaml").write_text("data: {}")
        return PLAIN, Catalogue(LocalStorage(tmp_path))

    assert print_list([("production", down), (PLAIN.name, here)], as_json=False) == Exit.UNREACHABLE
    shown = capsys.readouterr()
    assert "20260101_000000" in shown.out
    assert "production: s3://veza/prod: http://s3.test does not answer" in shown.err.splitlines()[-1]
    assert print_list([("production", down), (PLAIN.name, here)], as_json=True) == Exit.UNREACHABLE
    told = json.loads(capsys.readouterr().out)
    assert (len(told["backups"]), list(told["problems"])) == (1, ["production"])
    with pytest.raises(UnreachableError):
        print_list([("production", down)], as_json=False)
