"""`backup --runner job`: a Job of the embedded cluster really runs the command, into a claim and into a bucket."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.integration.backup.conftest import Cli
from tests.integration.conftest import DemoPlatform
from veza_tui.adapters.storage.local import LocalStorage
from veza_tui.operations.backup.catalogue import Catalogue

pytestmark = pytest.mark.integration
NAMESPACE, SECRET = "veza-production", "veza-backup-credentials"


@dataclass
class Bucket:
    """Where a ``Cli``'s production has its backups."""

    cli: Cli
    client: Any
    name: str

    def keys(self) -> list[str]:
        """Everything that lies there, unfinished uploads too."""
        found = self.client.list_objects_v2(Bucket=self.name).get("Contents", [])
        return [o["Key"] for o in found + self.client.list_multipart_uploads(Bucket=self.name).get("Uploads", [])]


@dataclass
class Api:
    """The cluster, by the official client."""

    core: Any
    batch: Any

    def names(self) -> set[str]:
        """Jobs and Secrets that stand in the namespace."""
        both = (self.core.list_namespaced_secret(NAMESPACE), self.batch.list_namespaced_job(NAMESPACE))
        return {item.metadata.name for listed in both for item in listed.items}

    def credentials(self, values: dict[str, str]) -> None:
        """Make the Secret that the Job's environment comes from."""
        self.core.create_namespaced_secret(NAMESPACE, {"metadata": {"name": SECRET}, "stringData": values})


@pytest.fixture
def api(platform: DemoPlatform) -> Iterator[Api]:
    from kubernetes import client, config

    connection = config.new_client_from_config(str(platform.kubeconfig), context="prod-eu")
    found = Api(client.CoreV1Api(connection), client.BatchV1Api(connection))
    yield found
    for secret in found.core.list_namespaced_secret(NAMESPACE, field_selector=f"metadata.name={SECRET}").items:
        found.core.delete_namespaced_secret(secret.metadata.name, NAMESPACE)
    connection.close()


@pytest.fixture
def bucket(platform: DemoPlatform, s3_keys: Callable[..., dict[str, str]]) -> Bucket:
    """Production's backups lie in a bucket, which the command line has a key of its own for."""
    import boto3

    variables = s3_keys("s3:*")
    cli = Cli(platform, **variables)
    keys = {"aws_access_key_id": variables["AWS_ACCESS_KEY_ID"], "region_name": "eu-west-3",
            "aws_secret_access_key": variables["AWS_SECRET_ACCESS_KEY"]}  # fmt: skip
    s3 = boto3.client("s3", endpoint_url=variables["AWS_ENDPOINT_URL_S3"], **keys)
    name = f"jobs-{variables['AWS_ACCESS_KEY_ID'].lower()}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    path = cli.workspace / "environments" / "production.yaml"
    path.write_text(path.read_text().rstrip() + f"\n  backup:\n    storage: s3://{name}/veza\n")
    return Bucket(cli, s3, name)


def command_lines() -> list[str]:
    """Of all processes that this user may see."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it has ended
    return found


def wait_for_lock(platform: DemoPlatform, running: subprocess.Popen[str]) -> None:
    """Until the Job's pg_dump waits for the table that somebody holds."""
    with psycopg.connect(platform.dsn(), autocommit=True) as connection:
        query = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'LOCK TABLE%'"
        while not connection.execute(query).fetchall():
            assert running.poll() is None, running.communicate()
            time.sleep(0.02)


@pytest.fixture
def cli(platform: DemoPlatform) -> Cli:
    return Cli(platform)


def test_a_job_in_the_cluster_dumps_to_a_claim(cli: Cli, api: Api, platform: DemoPlatform) -> None:
    claim = {"metadata": {"name": "backups"}, "spec": {"accessModes": ["ReadWriteOnce"],
             "resources": {"requests": {"storage": "1Gi"}}}}  # fmt: skip
    api.core.create_namespaced_persistent_volume_claim(NAMESPACE, claim)
    try:
        before = api.names()
        cli("backup", "production", "--runner", "job", "--claim", "none-such", exit=2)
        done = cli("backup", "production", "--runner", "job", "--claim", "backups", "--json")
        status = json.loads(done.stdout.splitlines()[-1])
        assert status["state"] == "done"
        [folder] = Path(platform.ready["control"]).parent.rglob("claims/veza-production/backups")
        catalogue = Catalogue(LocalStorage(folder))
        [record] = catalogue.records("production")
        assert record.manifest is not None
        assert record.manifest.dump is not None
        assert {"production.yaml", "production.env", "database.sql"} <= {p for p, _ in record.files}
        assert catalogue.check(record.name, "production") == []
        assert api.names() == before
        cli("backup", "production", "--runner", "job", "--claim", "backups", "--image", "no/such:1", exit=1)
        assert api.names() == before
    finally:
        api.core.delete_namespaced_persistent_volume_claim("backups", NAMESPACE)


def test_a_job_in_the_cluster_dumps_to_a_bucket(
    platform: DemoPlatform, bucket: Bucket, api: Api, s3_keys: Callable[..., dict[str, str]]
) -> None:
    its_own = s3_keys("s3:*")
    api.credentials(its_own)
    before = api.names()
    planned = bucket.cli("backup", "production", "--runner", "job", "--dry-run").stdout
    assert f"the Secret {SECRET} of {NAMESPACE}" in planned
    with psycopg.connect(platform.dsn("veza_production")) as holder:
        # The dump stands still in its middle, so that everything that it runs as can be looked at.
        holder.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        running = bucket.cli.start("backup", "production", "--runner", "job", "--confirm", "production", "--json")
        wait_for_lock(platform, running)
        seen = command_lines()
        assert [line for line in seen if "_backup-job" in line]
        assert [line for line in seen if "pg_dump" in line]
        [name] = api.names() - before
        seen.append(str(api.batch.read_namespaced_job(name, NAMESPACE)))
        [pod] = api.core.list_namespaced_pod(NAMESPACE, label_selector=f"job-name={name}").items
        seen += [str(pod), api.core.read_namespaced_pod_log(pod.metadata.name, NAMESPACE)]
        assert bucket.cli.listed("production")["backups"] == [], "it is there when it is whole"
        holder.rollback()
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    assert api.names() == before
    journal = [
        json.loads(line) for path in bucket.cli.state.rglob("journal.jsonl") for line in path.read_text().splitlines()
    ]
    assert any(e["type"] == "progress" and e["data"].get("bytes", 0) > 0 and e["data"].get("tables") for e in journal)
    [backup] = bucket.cli.listed("production")["backups"]
    assert backup["name"] == json.loads(out.splitlines()[-1])["result"]["backup"]["name"]
    assert (backup["state"], backup["database"]) == ("unproven", "veza_production")
    bucket.cli("backups", "production", "verify", backup["name"])
    shown = bucket.cli("backups", "production", "check", backup["name"], "--json").stdout
    assert (json.loads(shown)["state"], json.loads(shown)["damages"]) == ("proven", [])
    files = {path: path.read_text(errors="replace") for path in bucket.cli.state.rglob("*") if path.is_file()}
    assert any("audit.jsonl" in str(path) for path in files)
    kept = dict(
        line.split("=", 1) for line in (bucket.cli.workspace / "secrets" / "production.env").read_text().splitlines()
        if "=" in line
    )  # fmt: skip
    for secret in (
        its_own["AWS_SECRET_ACCESS_KEY"],
        bucket.cli.variables["AWS_SECRET_ACCESS_KEY"],
        kept["DB_PASSWORD"],
    ):
        for text in (*seen, out, err, shown, *files.values()):
            assert secret not in text


def test_a_job_whose_key_is_wrong_says_so_in_one_line(
    bucket: Bucket, api: Api, s3_keys: Callable[..., dict[str, str]]
) -> None:
    wrong = s3_keys("s3:*") | {"AWS_SECRET_ACCESS_KEY": "not-the-secret-of-this-key"}
    api.credentials(wrong)
    before = api.names()
    failed = bucket.cli("backup", "production", "--runner", "job", "--confirm", "production", "--json", exit=6)
    status = json.loads(failed.stdout.splitlines()[-1])
    assert status["state"] == "failed"
    assert "SignatureDoesNotMatch" in status["reason"]
    assert f"from the namespace's Secret {SECRET}" in status["reason"]
    assert "\n" not in status["reason"]
    assert "not-the-secret-of-this-key" not in failed.stdout + failed.stderr
    assert bucket.cli.listed("production")["backups"] == []
    assert api.names() == before


def test_a_job_that_is_stopped_takes_back_what_it_uploaded(
    platform: DemoPlatform, bucket: Bucket, api: Api, s3_keys: Callable[..., dict[str, str]]
) -> None:
    api.credentials(s3_keys("s3:*"))
    before = api.names()
    with psycopg.connect(platform.dsn("veza_production")) as holder:
        holder.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        running = bucket.cli.start("backup", "production", "--runner", "job", "--confirm", "production")
        wait_for_lock(platform, running)
        assert bucket.keys()
        [name] = api.names() - before
        api.batch.delete_namespaced_job(name, NAMESPACE, propagation_policy="Background")
        _, err = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "the Job was stopped from outside" in err.splitlines()[-1]
    assert bucket.keys() == []
    assert api.names() == before
