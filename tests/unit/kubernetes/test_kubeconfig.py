"""Kubeconfigs as kubectl reads them."""

from __future__ import annotations

import base64
import json
import ssl
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from veza_tui.adapters.kubernetes.credentials import credentials
from veza_tui.adapters.kubernetes.kubeconfig import find_access
from veza_tui.adapters.kubernetes.proof import impersonation
from veza_tui.adapters.kubernetes.tls import tls_context
from veza_tui.adapters.kubernetes.transport import Transport
from veza_tui.model.errors import ConfigError

TOKEN = "s3cret-token"


def config(
    path: Path,
    *,
    cluster: dict[str, Any] | None = None,
    user: dict[str, Any] | None = None,
    name: str = "a",
    current: str = "a",
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": current,
                "clusters": [{"name": name, "cluster": {"server": f"https://{name}.example:6443", **(cluster or {})}}],
                "users": [{"name": name, "user": user or {}}],
                "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": f"ns-{name}"}}],
            }
        )
    )
    return path


def env(*paths: Path) -> dict[str, str]:
    return {"KUBECONFIG": ":".join(map(str, paths))}


def test_the_current_context(tmp_path: Path) -> None:
    access = find_access(None, env(config(tmp_path / "c")))
    assert (access.context, access.server, access.namespace) == ("a", "https://a.example:6443", "ns-a")


def test_several_files_the_first_wins_and_missing_ones_are_skipped(tmp_path: Path) -> None:
    first, second = config(tmp_path / "1"), config(tmp_path / "2", name="b", current="b")
    third = config(tmp_path / "3", cluster={"server": "https://late.example"})
    environ = env(tmp_path / "none", first, second, third)
    assert find_access(None, environ).server == "https://a.example:6443"
    assert find_access("b", environ).server == "https://b.example:6443"


def test_home_is_the_default(tmp_path: Path) -> None:
    config(tmp_path / ".kube" / "config")
    assert find_access(None, {"HOME": str(tmp_path)}).context == "a"


def test_inside_a_pod(tmp_path: Path) -> None:
    for name, text in (("token", "t"), ("namespace", "mine"), ("ca.crt", "x")):
        (tmp_path / name).write_text(text)
    environ = {"HOME": str(tmp_path), "KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    access = find_access(None, environ, tmp_path)
    assert (access.server, access.namespace, access.ca_file) == ("https://[fd00::1]:443", "mine", tmp_path / "ca.crt")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p.unlink(), "no kubeconfig: looked for"),
        (lambda p: p.write_text("a: [1\ntoken: x"), "line 2 is not YAML"),
        (lambda p: p.write_text("[]"), "holds no configuration"),
        (lambda p: p.write_bytes(b"\xff\xfe\x00"), "is not text"),
        (lambda p: p.write_text("{}"), "no current context"),
        (lambda p: config(p, current="zzz"), "no context 'zzz'"),
        (lambda p: config(p, cluster={"server": "ftp://x"}), "no usable server address"),
        (lambda p: config(p, cluster={"certificate-authority-data": "%%%"}), "is not base64"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(tmp_path: Path, change: Any, message: str) -> None:
    path = config(tmp_path / "c")
    change(path)
    with pytest.raises(ConfigError) as wrong:
        find_access(None, env(path))
    assert message in str(wrong.value)
    assert "\n" not in str(wrong.value)
    assert wrong.value.hint


def test_a_context_that_is_missing_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no context 'prod-eu' in .* \(it has: a\)"):
        find_access("prod-eu", env(config(tmp_path / "c")))


async def test_tokens_and_passwords(tmp_path: Path) -> None:
    access = find_access(None, env(config(tmp_path / "c", user={"token": TOKEN})))
    assert (await credentials(access).proof()).authorization == f"Bearer {TOKEN}"
    assert TOKEN not in repr(access)
    assert TOKEN not in repr(await credentials(access).proof())
    basic = find_access(None, env(config(tmp_path / "d", user={"username": "u", "password": "p"})))
    assert (await credentials(basic).proof()).authorization == "Basic " + base64.b64encode(b"u:p").decode()


async def test_a_token_file_is_relative_to_its_kubeconfig_and_wins(tmp_path: Path) -> None:
    (tmp_path / "tok").write_text("from-file\n")
    access = find_access(None, env(config(tmp_path / "c", user={"tokenFile": "tok", "token": TOKEN})))
    assert (await credentials(access).proof()).authorization == "Bearer from-file"


def plugin(tmp_path: Path, code: str) -> Path:
    path = tmp_path / "plugin"
    path.write_text(f"#!{sys.executable}\nimport os, sys, json\n{code}")
    path.chmod(0o755)
    return path


def exec_user(**extra: Any) -> dict[str, Any]:
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin", **extra}}


async def test_an_exec_plugin_is_run_once_while_its_token_lasts(tmp_path: Path) -> None:
    plugin(
        tmp_path,
        "open(os.environ['LOG'], 'a').write('x')\n"
        "info = json.loads(os.environ['KUBERNETES_EXEC_INFO'])\n"
        "assert info['spec']['cluster']['server'] == 'https://a.example:6443'\n"
        "print(json.dumps({'status': {'token': sys.argv[1], 'expirationTimestamp': '2999-01-01T00:00:00Z'}}))\n",
    )
    log = tmp_path / "log"
    user = exec_user(args=[TOKEN], env=[{"name": "LOG", "value": str(log)}], provideClusterInfo=True)
    source = credentials(find_access(None, env(config(tmp_path / "c", user=user))))
    assert (await source.proof()).authorization == f"Bearer {TOKEN}"
    await source.proof()
    assert log.read_text() == "x"
    assert await source.renew()
    assert log.read_text() == "xx"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("print('session expired', file=sys.stderr); sys.exit(3)", "plugin ended with 3: session expired"),
        (f"print('{TOKEN} oops')", "printed no ExecCredential"),
        ("print(json.dumps({'status': {}}))", "neither token nor certificate"),
    ],
)
async def test_an_exec_plugin_that_fails_is_told(tmp_path: Path, code: str, message: str) -> None:
    plugin(tmp_path, code)
    source = credentials(find_access(None, env(config(tmp_path / "c", user=exec_user()))))
    with pytest.raises(ConfigError) as failed:
        await source.proof()
    assert message in str(failed.value)
    assert TOKEN not in str(failed.value)


async def test_an_exec_plugin_that_is_not_there_gives_its_hint(tmp_path: Path) -> None:
    user = exec_user(installHint="brew install plugin")
    source = credentials(find_access(None, env(config(tmp_path / "c", user=user))))
    with pytest.raises(ConfigError, match="brew install plugin"):
        await source.proof()


async def test_an_auth_provider_goes_through_the_official_loader(tmp_path: Path) -> None:
    def part(data: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")

    token = f"{part({'alg': 'none'})}.{part({'exp': 32503680000})}.c2ln"
    user = {"auth-provider": {"name": "oidc", "config": {"id-token": token}}}
    source = credentials(find_access(None, env(config(tmp_path / "c", user=user))))
    assert (await source.proof()).authorization == f"Bearer {token}"


@pytest.fixture(scope="module")
def pair() -> tuple[bytes, bytes]:
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "me")])
    builder = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    )
    made = builder.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2999, 1, 1, tzinfo=UTC))
    pem = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return pem, key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


async def test_certificates_by_data_and_by_file(
    tmp_path: Path, pair: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    certificate, key = pair
    data = {
        "client-certificate-data": base64.b64encode(certificate).decode(),
        "client-key-data": base64.b64encode(key).decode(),
    }
    (tmp_path / "crt").write_bytes(certificate)
    (tmp_path / "key").write_bytes(key)
    files = {"client-certificate": "crt", "client-key": "key"}
    for user in (data, files):
        cluster = {"certificate-authority-data": base64.b64encode(certificate).decode()}
        access = find_access(None, env(config(tmp_path / "c", user=user, cluster=cluster)))
        context = tls_context(access, await credentials(access).proof())
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        assert not list((tmp_path / "tmp").iterdir())


async def test_half_a_pair_is_refused(tmp_path: Path, pair: tuple[bytes, bytes]) -> None:
    user = {"client-certificate-data": base64.b64encode(pair[0]).decode()}
    with pytest.raises(ConfigError, match="without the other"):
        credentials(find_access(None, env(config(tmp_path / "c", user=user))))


async def test_only_a_true_true_switches_verification_off(tmp_path: Path) -> None:
    for value, expected in ((True, ssl.CERT_NONE), ("true", ssl.CERT_REQUIRED), (None, ssl.CERT_REQUIRED)):
        access = find_access(None, env(config(tmp_path / "c", cluster={"insecure-skip-tls-verify": value})))
        assert tls_context(access, await credentials(access).proof()).verify_mode is expected


def test_a_certificate_authority_that_is_none(tmp_path: Path) -> None:
    access = find_access(None, env(config(tmp_path / "c", cluster={"certificate-authority": "missing.crt"})))
    with pytest.raises(ConfigError, match=r"missing\.crt .* No such file"):
        tls_context(access, None)  # type: ignore[arg-type]


def test_proxies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert Transport(find_access(None, env(config(tmp_path / "c"))))._proxy == "http://proxy:3128"
    local = find_access(None, env(config(tmp_path / "l", cluster={"server": "https://127.0.0.1:6443"})))
    assert Transport(local)._proxy is None
    own = find_access(None, env(config(tmp_path / "o", cluster={"proxy-url": "http://own:1"})))
    assert Transport(own)._proxy == "http://own:1"
    monkeypatch.setenv("NO_PROXY", ".example")
    assert Transport(find_access(None, env(config(tmp_path / "c"))))._proxy is None
    socks = find_access(None, env(config(tmp_path / "s", cluster={"proxy-url": "socks5://x"})))
    with pytest.raises(ConfigError, match="only http and https proxies"):
        Transport(socks)


def test_temporary_key_files_are_private(
    tmp_path: Path, pair: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    from veza_tui.adapters.kubernetes.credentials import Proof

    modes = []
    real = ssl.SSLContext.load_cert_chain

    def spy(self: ssl.SSLContext, path: Path, **options: Any) -> None:
        modes.append(stat.S_IMODE(Path(path).stat().st_mode))
        real(self, path, **options)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", spy)
    tls_context(find_access(None, env(config(tmp_path / "c"))), Proof("", *pair))
    assert modes == [0o600]


PASSWORD = "hunter2"


@pytest.mark.parametrize(
    ("server", "address"),
    [
        (f"https://user:{PASSWORD}@a.example:6443", "https://a.example:6443"),
        ("HTTPS://a.example/", "https://a.example"),
        ("https://a.example/k8s/clusters/c-1/", "https://a.example/k8s/clusters/c-1"),
        ("https://a.example?token=x#y", "https://a.example"),
        ("a.example:6443", "https://a.example:6443"),
        ("https://[::1]:6443", "https://[::1]:6443"),
    ],
)
def test_server_addresses_as_kubectl_reads_them(tmp_path: Path, server: str, address: str) -> None:
    cluster = {"server": server, "certificate-authority-data": base64.b64encode(b"x").decode()}
    access = find_access(None, env(config(tmp_path / "c", cluster=cluster)))
    assert access.server == address
    assert PASSWORD not in repr(access)


@pytest.mark.parametrize(
    "server",
    ["", 5, "https://", f"https://u:{PASSWORD}@h:abc", f"https://u:{PASSWORD}@h:99999", f"https://u:{PASSWORD}@[::1",
     f"https://u:{PASSWORD}@exa mple", f"ftp://u:{PASSWORD}@h", f"https://u:{PASSWORD}@h\n"],
)  # fmt: skip
def test_a_server_address_that_cannot_be_used_is_not_quoted(tmp_path: Path, server: Any) -> None:
    with pytest.raises(ConfigError, match="no usable server address") as wrong:
        find_access(None, env(config(tmp_path / "c", cluster={"server": server})))
    assert PASSWORD not in str(wrong.value)


async def test_a_login_in_the_server_address_counts_only_without_another_proof(tmp_path: Path) -> None:
    cluster = {"server": f"https://u%20s:{PASSWORD}@h"}
    alone = find_access(None, env(config(tmp_path / "a", cluster=cluster)))
    basic = base64.b64encode(f"u s:{PASSWORD}".encode()).decode()
    assert (await credentials(alone).proof()).authorization == f"Basic {basic}"
    both = find_access(None, env(config(tmp_path / "b", cluster=cluster, user={"token": TOKEN})))
    assert (await credentials(both).proof()).authorization == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    "url", [f"http://u:{PASSWORD}@h:abc", f"u:{PASSWORD}@h:1", "http://", f"socks5://u:{PASSWORD}@h"]
)
def test_a_proxy_that_cannot_be_used_is_not_quoted(tmp_path: Path, url: str) -> None:
    access = find_access(None, env(config(tmp_path / "c", cluster={"proxy-url": url})))
    with pytest.raises(ConfigError, match="proxy-url of context 'a'") as wrong:
        Transport(access)
    assert PASSWORD not in str(wrong.value)
    assert PASSWORD not in repr(access)


def test_a_token_that_would_break_the_header_is_refused(tmp_path: Path) -> None:
    access = find_access(None, env(config(tmp_path / "c", user={"token": f"{TOKEN}\nX-Other: 1"})))
    with pytest.raises(ConfigError, match="line break") as wrong:
        credentials(access)
    assert TOKEN not in str(wrong.value)


@pytest.mark.parametrize(("content", "message"), [(b"\xff\xfe", "is not text"), (b" \n", "is empty")])
async def test_a_token_file_without_a_token(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "tok").write_bytes(content)
    source = credentials(find_access(None, env(config(tmp_path / "c", user={"tokenFile": "tok"}))))
    with pytest.raises(ConfigError, match=message):
        await source.proof()


async def test_a_plugin_whose_child_keeps_the_pipe_open_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("veza_tui.adapters.kubernetes.execplugin.LATE_OUTPUT", 0.02)
    code = "import subprocess\nsubprocess.Popen(['sleep', '60'])\n"
    plugin(tmp_path, code + f"print(json.dumps({{'status': {{'token': '{TOKEN}'}}}}))\n")
    source = credentials(find_access(None, env(config(tmp_path / "c", user=exec_user()))))
    assert (await source.proof()).authorization == f"Bearer {TOKEN}"


@pytest.mark.parametrize("extra", [{"env": ["a"]}, {"args": "a b"}, {"env": [{"name": "A"}]}])
async def test_an_exec_entry_of_the_wrong_shape(tmp_path: Path, extra: dict[str, Any]) -> None:
    plugin(tmp_path, "")
    source = credentials(find_access(None, env(config(tmp_path / "c", user=exec_user(**extra)))))
    with pytest.raises(ConfigError, match="wrong env or args"):
        await source.proof()


def test_who_a_user_acts_as() -> None:
    user = {"as": "viewer", "as-uid": "7", "as-groups": ["a", "b"], "as-user-extra": {"x/y": ["1", "2"]}}
    assert impersonation(user, "u") == [
        ("Impersonate-User", "viewer"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Group", "a"),
        ("Impersonate-Group", "b"),
        ("Impersonate-Extra-x%2Fy", "1"),
        ("Impersonate-Extra-x%2Fy", "2"),
    ]
    with pytest.raises(ConfigError, match="without a user"):
        impersonation({"as-groups": ["a"]}, "u")


def test_sections_that_are_no_lists_and_files_of_several_documents(tmp_path: Path) -> None:
    path = config(tmp_path / "c")
    path.write_text(f"\ufeff{path.read_text()}---\nother: 1\n")
    assert find_access(None, env(path)).context == "a"
    path.write_text("current-context: a\ncontexts: 5\n")
    with pytest.raises(ConfigError, match="contexts is not a list"):
        find_access(None, env(path))
