"""The Job controller: completions, parallelism, back-off limit, deadline, TTL, suspension."""

from __future__ import annotations

from collections import defaultdict

from veza_tui.embedded.cluster.access import Cluster
from veza_tui.embedded.cluster.controller import Key, WorkQueue
from veza_tui.embedded.cluster.objects import (
    Object,
    condition,
    controller_of,
    deleting,
    key_of,
    parse_time,
    pod_ready,
    rfc3339,
    uid_of,
)
from veza_tui.embedded.cluster.replicaset import new_pod

JOBS, PODS = "jobs.batch", "pods"
_SOURCE = "job-controller"
_BACKOFF_BASE, _BACKOFF_LIMIT = 10.0, 360.0
_REACHED = "Reached expected number of succeeded pods"


class JobController:
    """One instance for all Jobs."""

    def __init__(self, cluster: Cluster, queue: WorkQueue) -> None:
        self.cluster = cluster
        self.queue = queue
        self._ended: dict[str, dict[str, set[str]]] = defaultdict(lambda: {"Succeeded": set(), "Failed": set()})
        """Job uid -> pod uids; a finished pod that somebody deletes stays counted."""
        self._retry_at: dict[str, float] = {}
        self._began: dict[str, float] = {}
        cluster.watch(JOBS, self._on_job)
        cluster.watch(PODS, self._on_pod)

    def _on_job(self, old: Object | None, new: Object | None) -> None:
        if new is not None:
            self.queue.add(self, key_of(new))
        elif old is not None:
            for table in (self._ended, self._retry_at, self._began):
                table.pop(uid_of(old), None)

    def _on_pod(self, old: Object | None, new: Object | None) -> None:
        pod = new or old
        owner = controller_of(pod) if pod is not None else None
        if pod is None or owner is None or owner["kind"] != "Job":
            return
        phase = pod.get("status", {}).get("phase")
        if phase in ("Succeeded", "Failed"):
            self._ended[owner["uid"]][phase].add(uid_of(pod))
        elif new is None:
            job = self.cluster.get(JOBS, pod["metadata"]["namespace"], owner["name"])
            if job is not None and not job["spec"].get("suspend"):
                self._ended[owner["uid"]]["Failed"].add(uid_of(pod))
        self.queue.add(self, (pod["metadata"]["namespace"], owner["name"]))

    def reconcile(self, key: Key) -> None:
        """One step."""
        job = self.cluster.get(JOBS, *key)
        if job is None or deleting(job):
            return
        done = _finished(job)
        if done is not None:
            self._expire(job, done)
            return
        uid, spec, now = uid_of(job), job["spec"], self.cluster.now()
        pods = self.cluster.owned(PODS, uid)
        active = [
            p for p in pods if not deleting(p) and p.get("status", {}).get("phase") not in ("Succeeded", "Failed")
        ]
        before = job.get("status") or {}
        if spec.get("suspend"):
            self._suspend(job, active)
            return
        self._began.setdefault(uid, parse_time(before.get("startTime")) or now)
        succeeded = max(len(self._ended[uid]["Succeeded"]), int(before.get("succeeded") or 0))
        failed = max(len(self._ended[uid]["Failed"]), int(before.get("failed") or 0))
        wanted = int(spec["completions"]) if spec.get("completions") is not None else None
        parallel = int(spec.get("parallelism", 1))
        verdict = self._verdict(job, succeeded, failed, wanted, active, now)
        if verdict is None:
            need = parallel if wanted is None else min(parallel, wanted - succeeded)
            if wanted is None and succeeded:
                need = len(active)
            self._populate(job, active, need, failed, now)
            active = [
                p
                for p in self.cluster.owned(PODS, uid)
                if not deleting(p) and p.get("status", {}).get("phase") not in ("Succeeded", "Failed")
            ]
        elif verdict[0] == "Failed":
            for pod in active:
                self.cluster.delete(PODS, pod)
                self.cluster.event(
                    job, "Normal", "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}", _SOURCE
                )
            failed, active = failed + len(active), []
        self._write(job, active, succeeded, failed, verdict)

    def _verdict(
        self, job: Object, succeeded: int, failed: int, wanted: int | None, active: list[Object], now: float
    ) -> tuple[str, str, str] | None:
        spec = job["spec"]
        limit = int(spec.get("backoffLimit", 6))
        failures = failed
        if (spec["template"]["spec"].get("restartPolicy")) == "OnFailure":
            failures += sum(
                int(s.get("restartCount", 0))
                for p in active
                for s in p.get("status", {}).get("containerStatuses") or ()
            )
        if failures > limit:
            return "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit"
        deadline = spec.get("activeDeadlineSeconds")
        if deadline is not None:
            left = self._began[uid_of(job)] + float(deadline) * self.cluster.clock.scale - now
            if left <= 0:
                return "Failed", "DeadlineExceeded", "Job was active longer than specified deadline"
            self.queue.add(self, key_of(job), left / (self.cluster.clock.scale or 1) + 0.02)
        complete = succeeded >= wanted if wanted is not None else succeeded > 0 and not active
        return ("Complete", "CompletionsReached", _REACHED) if complete else None

    def _populate(self, job: Object, active: list[Object], need: int, failed: int, now: float) -> None:
        uid = uid_of(job)
        if len(active) > need:
            for pod in active[need:]:
                self.cluster.delete(PODS, pod)
            return
        missing = need - len(active)
        if missing <= 0:
            return
        if failed:
            due = self._retry_at.get(uid)
            if due is None:
                delay = min(_BACKOFF_BASE * 2 ** (failed - 1), _BACKOFF_LIMIT)
                self._retry_at[uid] = now + delay * self.cluster.clock.scale
                self.queue.add(self, key_of(job), delay)
                return
            if now < due:
                self.queue.add(self, key_of(job), (due - now) / (self.cluster.clock.scale or 1) + 0.02)
                return
            del self._retry_at[uid]
        for _ in range(missing):
            pod = new_pod(job)
            name = job["metadata"]["name"]
            pod["metadata"]["labels"] |= {
                "batch.kubernetes.io/controller-uid": uid,
                "batch.kubernetes.io/job-name": name,
                "controller-uid": uid,
                "job-name": name,
            }
            made = self.cluster.create(PODS, pod)
            text = f"Created pod: {made['metadata']['name']}"
            self.cluster.event(job, "Normal", "SuccessfulCreate", text, _SOURCE)

    def _suspend(self, job: Object, active: list[Object]) -> None:
        for pod in active:
            self.cluster.delete(PODS, pod)
        status = dict(job.get("status") or {})
        if condition(status.get("conditions"), "Suspended") is None:
            status.pop("active", None)
            status["conditions"] = [
                *(status.get("conditions") or ()),
                self._condition("Suspended", "JobSuspended", "Job suspended"),
            ]
            self.cluster.set_status(JOBS, job, status)
            self.cluster.event(job, "Normal", "Suspended", "Job suspended", _SOURCE)

    def _condition(self, kind: str, reason: str, message: str) -> Object:
        stamp = rfc3339(self.cluster.now())
        return {
            "type": kind,
            "status": "True",
            "lastProbeTime": stamp,
            "lastTransitionTime": stamp,
            "reason": reason,
            "message": message,
        }

    def _write(
        self, job: Object, active: list[Object], succeeded: int, failed: int, verdict: tuple[str, str, str] | None
    ) -> None:
        before = job.get("status") or {}
        ready = sum(1 for p in active if pod_ready(p))
        status: Object = {"startTime": before.get("startTime") or rfc3339(self._began[uid_of(job)])}
        for name, value in (("active", len(active)), ("succeeded", succeeded), ("failed", failed)):
            if value:
                status[name] = value
        status |= {"ready": ready, "terminating": 0, "uncountedTerminatedPods": {}}
        conditions = [c for c in before.get("conditions") or () if c["type"] != "Suspended"]
        if verdict is not None:
            kind, reason, message = verdict
            early = "SuccessCriteriaMet" if kind == "Complete" else "FailureTarget"
            conditions += [self._condition(early, reason, message), self._condition(kind, reason, message)]
            if kind == "Complete":
                status["completionTime"] = rfc3339(self.cluster.now())
        if conditions:
            status["conditions"] = conditions
        if status != before:
            self.cluster.set_status(JOBS, job, status)
        if verdict is not None:
            if verdict[0] == "Complete":
                self.cluster.event(job, "Normal", "Completed", "Job completed", _SOURCE)
            else:
                self.cluster.event(job, "Warning", verdict[1], verdict[2], _SOURCE)

    def _expire(self, job: Object, done: float) -> None:
        ttl = job["spec"].get("ttlSecondsAfterFinished")
        if ttl is None:
            return
        left = done + float(ttl) * self.cluster.clock.scale - self.cluster.now()
        if left <= 0:
            self.cluster.delete(JOBS, job, propagation="Foreground")
        else:
            self.queue.add(self, key_of(job), left / (self.cluster.clock.scale or 1) + 0.05)


def _finished(job: Object) -> float | None:
    conditions = (job.get("status") or {}).get("conditions")
    for kind in ("Complete", "Failed"):
        found = condition(conditions, kind)
        if found is not None and found.get("status") == "True":
            return parse_time(found.get("lastTransitionTime"))
    return None
