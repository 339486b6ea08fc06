"""Rollouts, crashes and pulls staged in time, on a clock that the test moves."""

from __future__ import annotations


async def test_a_deployment_comes_up_in_stages(bench):
    bench.deploy(replicas=3)
    await bench.advance(0.25)
    assert len(bench.pods()) == 3
    assert bench.container()["state"]["waiting"]["reason"] == "ContainerCreating"
    assert bench.condition("Progressing") == ("True", "ReplicaSetUpdated")
    assert bench.condition("Available") == ("False", "MinimumReplicasUnavailable")
    await bench.advance(6)
    assert bench.status() == {
        "observedGeneration": 1,
        "replicas": 3,
        "updatedReplicas": 3,
        "readyReplicas": 3,
        "availableReplicas": 3,
    }
    assert bench.condition("Progressing") == ("True", "NewReplicaSetAvailable")
    assert bench.condition("Available") == ("True", "MinimumReplicasAvailable")
    pod = bench.pods()[0]
    status = pod["status"]["containerStatuses"][0]
    assert status["containerID"].startswith("containerd://")
    assert status["imageID"].startswith("docker.io/veza/api@sha256:")
    assert pod["status"]["podIP"].startswith("10.244.")
    assert {p["spec"]["nodeName"] for p in bench.pods()} == {"veza-node-1", "veza-node-2", "veza-node-3"}
    reasons = [
        e["reason"] for e in bench.store.list("events") if e["involvedObject"]["name"] == pod["metadata"]["name"]
    ]
    assert sorted(reasons) == ["Created", "Pulled", "Pulling", "Scheduled", "Started"]
    (scaled,) = bench.events("ScalingReplicaSet")
    name = bench.store.list("replicasets.apps")[0]["metadata"]["name"]
    assert scaled["message"] == f"Scaled up replica set {name} from 0 to 3"


async def test_an_idle_cluster_writes_nothing(bench):
    bench.deploy(replicas=2)
    await bench.advance(8)
    before, done = bench.store.version, bench.sim.queue.reconciled
    await bench.advance(120)
    assert (bench.store.version, bench.sim.queue.reconciled) == (before, done)


async def test_a_rollout_keeps_its_bounds_and_counts_revisions(bench):
    bench.deploy(replicas=4)
    await bench.advance(8)
    bench.set_image("api", "veza/api:v2")
    seen = set()
    for _ in range(80):
        await bench.advance(0.25)
        sizes = bench.sizes()
        seen.add((sizes.get("veza/api:v1", 0), sizes.get("veza/api:v2", 0)))
        assert sum(sizes.values()) <= 5
        assert bench.status().get("availableReplicas", 0) >= 3
    assert (3, 2) in seen
    assert bench.sizes() == {"veza/api:v2": 4}
    assert bench.status()["updatedReplicas"] == 4
    assert bench.deployment()["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
    # kubectl rollout undo writes the old template back: the old set is found again, with a new revision.
    bench.set_image("api", "veza/api:v1")
    await bench.advance(15)
    assert bench.sizes() == {"veza/api:v1": 4}
    assert bench.deployment()["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"
    first = next(rs for rs in bench.store.list("replicasets.apps") if rs["spec"]["replicas"])
    assert first["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] == "1"


async def test_a_template_that_means_the_same_is_the_same(bench):
    bench.deploy(replicas=1, container={"resources": {"limits": {"cpu": "1000m", "memory": "1Gi"}}})
    await bench.advance(6)

    def rewritten(obj):
        template = obj["spec"]["template"]
        template["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "1", "memory": "1024Mi"}}
        template["metadata"]["creationTimestamp"] = None
        template["spec"]["volumes"] = []

    bench.edit("api", rewritten)
    await bench.advance(6)
    assert len(bench.store.list("replicasets.apps")) == 1
    bench.edit("api", lambda o: o["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"].update(cpu="2"))
    await bench.advance(6)
    assert len(bench.store.list("replicasets.apps")) == 2


async def test_an_unknown_tag_backs_off_and_stalls_the_rollout(bench):
    bench.deploy(replicas=3, progressDeadlineSeconds=30)
    await bench.advance(8)
    bench.set_image("api", "veza/api:nope")
    reasons = []
    for _ in range(100):
        await bench.advance(0.25)
        for pod in bench.pods():
            for status in pod["status"].get("containerStatuses") or ():
                reason = (status["state"].get("waiting") or {}).get("reason")
                if reason and reason not in reasons:
                    reasons.append(reason)
    assert reasons == ["ContainerCreating", "ErrImagePull", "ImagePullBackOff"]
    assert bench.status()["availableReplicas"] == 3
    await bench.advance(10)
    assert bench.condition("Progressing") == ("False", "ProgressDeadlineExceeded")
    messages = {e["message"] for e in bench.events("Failed")}
    assert {"Error: ErrImagePull", "Error: ImagePullBackOff"} < messages
    assert any(m.startswith('Failed to pull image "veza/api:nope": rpc error: code = NotFound') for m in messages)
    assert bench.events("BackOff")[0]["message"] == 'Back-off pulling image "veza/api:nope"'
    bench.set_image("api", "veza/api:v1")
    await bench.advance(5)
    assert bench.condition("Progressing") == ("True", "NewReplicaSetAvailable")
    assert len(bench.pods()) == 3


async def test_crash_loop_back_off_grows(bench):
    bench.deploy(image="veza/crash:v1", replicas=1)
    delays, restarts = [], []
    for _ in range(4 * 340):
        await bench.advance(0.25)
        if not bench.pods() or not bench.pods()[0]["status"].get("containerStatuses"):
            continue
        status = bench.container()
        waiting = status["state"].get("waiting") or {}
        if waiting.get("reason") == "CrashLoopBackOff":
            delay = waiting["message"].split()[1]
            if delay not in delays:
                delays.append(delay)
                restarts.append(status["restartCount"])
                assert status["lastState"]["terminated"]["exitCode"] == 3
                assert status["lastState"]["terminated"]["reason"] == "Error"
    assert delays == ["10s", "20s", "40s", "1m20s", "2m40s", "5m0s"]
    assert restarts == [1, 2, 3, 4, 5, 6]  # the first restart is immediate
    (event,) = bench.events("BackOff")
    assert event["count"] > 5
    pod = bench.pods()[0]["metadata"]
    where = f"{pod['name']}_default({pod['uid']})"
    assert event["message"] == f"Back-off restarting failed container app in pod {where}"
    assert event["involvedObject"]["fieldPath"] == "spec.containers{app}"


async def test_out_of_memory(bench):
    limit = {"resources": {"limits": {"memory": "64Mi"}}}
    bench.deploy(image="veza/oom:v1", replicas=1, container=limit)
    await bench.advance(8)
    last = bench.container()["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (137, "OOMKilled")


async def test_recreate_waits_for_the_old_pods_to_go(bench):
    bench.deploy(replicas=2, strategy={"type": "Recreate"})
    await bench.advance(8)
    bench.set_image("api", "veza/api:v2")
    for _ in range(60):
        await bench.advance(0.25)
        alive = [p for p in bench.pods() if p["status"].get("phase") not in ("Succeeded", "Failed")]
        assert len({p["spec"]["containers"][0]["image"] for p in alive}) <= 1
    assert bench.sizes() == {"veza/api:v2": 2}


async def test_paused_deployments_scale_but_do_not_roll(bench):
    bench.deploy(replicas=2)
    await bench.advance(8)
    bench.edit("api", lambda o: o["spec"].update(paused=True))
    bench.set_image("api", "veza/api:v2")
    bench.edit("api", lambda o: o["spec"].update(replicas=4))
    await bench.advance(8)
    assert bench.sizes() == {"veza/api:v1": 4}
    assert bench.condition("Progressing") == ("Unknown", "DeploymentPaused")
    bench.edit("api", lambda o: o["spec"].update(paused=False))
    await bench.advance(15)
    assert bench.sizes() == {"veza/api:v2": 4}
    assert bench.condition("Progressing") == ("True", "NewReplicaSetAvailable")


async def test_min_ready_seconds_delay_availability(bench):
    bench.deploy(replicas=1, minReadySeconds=20)
    await bench.advance(8)
    assert bench.status()["readyReplicas"] == 1
    assert "availableReplicas" not in bench.status()
    await bench.advance(20)
    assert bench.status()["availableReplicas"] == 1


async def test_history_is_limited(bench):
    bench.deploy(replicas=1, revisionHistoryLimit=1)
    for index in range(4):
        await bench.advance(6)
        bench.edit("api", lambda o, i=index: o["spec"]["template"]["metadata"].update(annotations={"i": str(i)}))
    await bench.advance(8)
    assert len(bench.store.list("replicasets.apps")) == 2


async def test_pods_that_fit_nowhere_wait_until_they_do(bench):
    heavy = {"resources": {"requests": {"cpu": "12"}}}
    bench.deploy(replicas=4, container=heavy)
    await bench.advance(8)
    stuck = [p for p in bench.pods() if not p["spec"].get("nodeName")]
    assert len(stuck) == 1
    found = next(c for c in stuck[0]["status"]["conditions"] if c["type"] == "PodScheduled")
    assert (found["status"], found["reason"]) == ("False", "Unschedulable")
    assert found["message"].startswith("0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes")
    running = next(p for p in bench.pods() if p["spec"].get("nodeName"))
    bench.store.delete("pods", "default", running["metadata"]["name"])
    await bench.advance(8)
    assert sum(bool(p["spec"].get("nodeName")) for p in bench.pods()) == 3


async def test_a_cordoned_cluster_takes_no_pods(bench):
    for node in ("veza-node-1", "veza-node-2", "veza-node-3"):
        bench.sim.cordon(node)
    bench.deploy(replicas=1)
    await bench.advance(2)
    found = bench.pods()[0]["status"]["conditions"][0]
    assert found["message"].startswith("0/3 nodes are available: 3 node(s) were unschedulable.")
    bench.sim.cordon("veza-node-2", on=False)
    await bench.advance(8)
    assert bench.pods()[0]["spec"]["nodeName"] == "veza-node-2"


async def test_a_missing_config_map_holds_the_container_back(bench):
    source = {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "conf", "key": "a"}}}]}
    bench.deploy(replicas=1, container=source)
    await bench.advance(6)
    waiting = bench.container()["state"]["waiting"]
    assert waiting == {"reason": "CreateContainerConfigError", "message": 'configmap "conf" not found'}
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "conf", "namespace": "default"}}
    bench.store.create({**config, "data": {"a": "1"}})
    await bench.advance(20)
    assert bench.container()["ready"]


async def test_init_containers_run_first_and_block_on_failure(bench):
    init = {"initContainers": [{"name": "wait", "image": "veza/crash:v1", "imagePullPolicy": "IfNotPresent"}]}
    bench.deploy(replicas=1, pod=init)
    await bench.advance(10)
    pod = bench.pods()[0]["status"]
    assert pod["phase"] == "Pending"
    assert pod["initContainerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 3
    assert pod["containerStatuses"][0]["state"]["waiting"]["reason"] == "PodInitializing"
    bench.sim.clear_fault("veza/crash")


async def test_synthetic_pods_are_ready_without_a_program(bench):
    meta = {"labels": {"app": "mass"}, "annotations": {"veza.demo/synthetic": "Running"}}
    spec = {"restartPolicy": "Always", "containers": [{"name": "app", "image": "veza/api:v1"}]}
    bench.deploy(name="mass", replicas=50, template={"metadata": meta, "spec": spec})
    await bench.advance(4)
    assert bench.status("mass")["readyReplicas"] == 50
    assert not bench.sim.kubelet.workers
    bench.edit("mass", lambda o: o["spec"].update(replicas=0))
    await bench.advance(3)
    assert not bench.pods()


async def test_another_schedulers_pods_and_gated_ones_are_left_alone(bench):
    bench.deploy("other", replicas=1, pod={"schedulerName": "nobody"})
    bench.deploy("gated", replicas=1, pod={"schedulingGates": [{"name": "veza.com/wait"}]})
    await bench.advance(8)
    assert [p["spec"].get("nodeName") for p in bench.pods()] == [None, None]
    gated = next(p for p in bench.pods() if p["spec"].get("schedulingGates"))

    def open_gate(obj):
        del obj["spec"]["schedulingGates"]

    bench.store.mutate("pods", "default", gated["metadata"]["name"], open_gate)
    await bench.advance(8)
    assert [bool(p["spec"].get("nodeName")) for p in bench.pods()].count(True) == 1


async def test_an_autoscaler_that_knows_nothing_recent_scales_nothing_down_for_five_minutes(bench):
    bench.deploy(replicas=3, container={"resources": {"requests": {"cpu": "1"}}})
    await bench.advance(8)
    goal = {"type": "Utilization", "averageUtilization": 70}
    bench.store.create(
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "api", "namespace": "default"},
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"},
                "minReplicas": 1,
                "maxReplicas": 5,
                "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": goal}}],
            },
        }
    )
    await bench.advance(30)
    bench.clock._now += 4000  # the demo's boot travels from the past to the present so
    await bench.advance(120)
    assert bench.deployment()["spec"]["replicas"] == 3
    await bench.advance(240)
    assert bench.deployment()["spec"]["replicas"] == 1
