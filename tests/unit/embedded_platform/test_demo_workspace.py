"""The demo's workspace: a true copy, private secrets, addresses in both places."""

from __future__ import annotations

from pathlib import Path

import yaml

from veza_tui.embedded.platform.demo_workspace import ENVIRONMENTS, DemoWorkspace, Endpoints


def test_points_files_and_manifests_at_the_servers(tmp_path: Path) -> None:
    workspace = DemoWorkspace(tmp_path / "w")
    workspace.create()
    workspace.point({e.name: Endpoints("127.0.0.1", 5000, 6000 + i, "require") for i, e in enumerate(ENVIRONMENTS)})
    for number, environment in enumerate(ENVIRONMENTS):
        data = yaml.safe_load((tmp_path / f"w/environments/{environment.name}.yaml").read_text())["data"]
        assert (data["database"]["host"], data["database"]["port"]) == ("127.0.0.1", 5000)
        assert data["cache"]["port"] == 6000 + number
        assert data["kubernetes"] == {"context": environment.context, "namespace": environment.namespace}
        manifest = next((tmp_path / "w/k8s" / environment.name).glob("*configmap*"))
        config = yaml.safe_load(manifest.read_text())["data"]
        assert (config["DB_PORT"], config["REDIS_PORT"]) == ("5000", str(6000 + number))
        assert "#" in manifest.read_text()


def test_secrets_are_generated_and_private(tmp_path: Path) -> None:
    one, two = DemoWorkspace(tmp_path / "1"), DemoWorkspace(tmp_path / "2")
    one.create()
    two.create()
    production = ENVIRONMENTS[2]
    assert one.password(production) != two.password(production)
    assert one.password(ENVIRONMENTS[0]) == "dev_password"
    assert one.cache_password(ENVIRONMENTS[0]) == ""
    path = tmp_path / "1/secrets/production.env"
    assert path.stat().st_mode & 0o777 == 0o600
    assert one.password(production) not in repr(one)


def test_a_kept_workspace_keeps_its_secrets_and_edits(tmp_path: Path) -> None:
    first = DemoWorkspace(tmp_path)
    first.create()
    (tmp_path / "environments/staging.yaml").write_text("edited\n")
    again = DemoWorkspace(tmp_path)
    again.create()
    assert again.secrets == first.secrets
    assert (tmp_path / "environments/staging.yaml").read_text() == "edited\n"


def test_the_pointed_workspace_has_no_errors(tmp_path: Path) -> None:
    from veza_tui.model.finding import Severity
    from veza_tui.workspace.load import load_workspace
    from veza_tui.workspace.validate import validate

    workspace = DemoWorkspace(tmp_path / "w")
    workspace.create()
    workspace.point({e.name: Endpoints("127.0.0.1", 5000, 6000 + i, "require") for i, e in enumerate(ENVIRONMENTS)})
    findings = validate(load_workspace(tmp_path / "w"), process={})
    assert [f for f in findings if f.severity is Severity.ERROR] == []
