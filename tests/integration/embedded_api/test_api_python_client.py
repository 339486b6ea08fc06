"""The official Python client: list, watch, apply, exec, port-forward."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.embedded_api.conftest import Running

kubernetes = pytest.importorskip("kubernetes")


@pytest.fixture
def client(api: Running) -> Iterator[Any]:
    configuration = kubernetes.client.Configuration()
    kubernetes.config.load_kube_config(str(api.kubeconfig), context="admin", client_configuration=configuration)
    with kubernetes.client.ApiClient(configuration) as client:
        yield client


def test_typed_lists_and_watches(client: Any) -> None:
    core = kubernetes.client.CoreV1Api(client)
    pods = core.list_namespaced_pod("default", limit=1)
    assert pods.metadata._continue
    watch = kubernetes.watch.Watch()
    names = set()
    for event in watch.stream(core.list_namespaced_pod, "default", timeout_seconds=1, _request_timeout=5):
        names.add(event["object"].metadata.name)
        if {"web", "pair"} <= names:
            watch.stop()
    assert {"web", "pair"} <= names


def test_server_side_apply(client: Any, namespace: str) -> None:
    dynamic = kubernetes.dynamic.DynamicClient(client)
    maps = dynamic.resources.get(api_version="v1", kind="ConfigMap")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "1"}}
    made = maps.server_side_apply(body=body, name="a", namespace=namespace, field_manager="one")
    assert made.data.k == "1"
    body["data"] = {"k": "2"}
    with pytest.raises(kubernetes.dynamic.exceptions.ConflictError) as caught:
        maps.server_side_apply(body=body, name="a", namespace=namespace, field_manager="two")
    assert json.loads(caught.value.body)["details"]["causes"][0]["field"] == ".data.k"


def test_exec_with_stdin_and_exit_code(client: Any) -> None:
    core = kubernetes.client.CoreV1Api(client)
    connect = core.connect_get_namespaced_pod_exec
    options = {"stdin": True, "stdout": True, "stderr": True, "tty": False, "_preload_content": False}
    stream = kubernetes.stream.stream(connect, "web", "default", command=["cat"], **options)
    stream.write_stdin("hello quit\n")
    stream.run_forever(timeout=5)
    assert stream.read_stdout() == "hello quit\n"
    assert stream.returncode == 0
    stream.sock.shutdown()  # the client leaves its socket open when the server ends first
    core = kubernetes.client.CoreV1Api(kubernetes.client.ApiClient(client.configuration))
    failing = kubernetes.stream.stream(
        core.connect_get_namespaced_pod_exec, "web", "default", command=["fail"], **options
    )
    failing.run_forever(timeout=5)
    assert failing.read_stderr() == "went wrong\n"
    assert failing.returncode == 3
    failing.sock.shutdown()
    core.api_client.close()


def test_port_forward(client: Any) -> None:
    core = kubernetes.client.CoreV1Api(client)
    forward = kubernetes.stream.portforward(
        core.connect_get_namespaced_pod_portforward, "web", "default", ports="8080,9"
    )
    connection = forward.socket(8080)
    try:
        connection.setblocking(True)
        connection.settimeout(5)
        connection.sendall(b"GET /ready HTTP/1.0\r\n\r\n")
        answer = b""
        while chunk := connection.recv(4096):
            answer += chunk
    finally:
        connection.close()
    assert answer.endswith(b"GET /ready HTTP/1.0")
    assert forward.error(8080) is None
    assert "connection refused" in forward.error(9)
    forward.socket(9).close()
    forward.websocket.shutdown()
