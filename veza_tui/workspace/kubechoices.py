"""What single fields of Kubernetes objects may hold (source: the API's own constants, Kubernetes 1.34)."""

from __future__ import annotations

from veza_tui.workspace import kubenames
from veza_tui.workspace.checks import Check

Key = tuple[str, str]

_PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")
_PROTOCOLS = ("", "TCP", "UDP", "SCTP")
_ENV_FROM = ("V1ConfigMapEnvSource", "V1SecretEnvSource")
_KEY_SELECTORS = ("V1ConfigMapKeySelector", "V1SecretKeySelector")
_RESOURCES = tuple(
    f"{part}.{name}" for part in ("limits", "requests") for name in ("cpu", "memory", "ephemeral-storage")
)

CHOICES: dict[Key, tuple[str, ...]] = {
    ("V1Container", "imagePullPolicy"): ("", "Always", "IfNotPresent", "Never"),
    ("V1Container", "terminationMessagePolicy"): ("", "File", "FallbackToLogsOnError"),
    ("V1ContainerPort", "protocol"): _PROTOCOLS,
    ("V1ContainerResizePolicy", "resourceName"): ("cpu", "memory"),
    ("V1ContainerResizePolicy", "restartPolicy"): ("NotRequired", "RestartContainer"),
    ("V1HTTPGetAction", "scheme"): ("", "HTTP", "HTTPS"),
    ("V1SecurityContext", "procMount"): ("", "Default", "Unmasked"),
    ("V1SeccompProfile", "type"): _PROFILES,
    ("V1AppArmorProfile", "type"): _PROFILES,
    ("V1VolumeMount", "mountPropagation"): ("Bidirectional", "HostToContainer", "None"),
    ("V1VolumeMount", "recursiveReadOnly"): ("Disabled", "Enabled", "IfPossible"),
    ("V1HostPathVolumeSource", "type"): (
        "",
        "BlockDevice",
        "CharDevice",
        "Directory",
        "DirectoryOrCreate",
        "File",
        "FileOrCreate",
        "Socket",
    ),
    ("V1PodSpec", "dnsPolicy"): ("", "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"),
    ("V1PodSpec", "preemptionPolicy"): ("", "PreemptLowerPriority", "Never"),
    ("V1PodOS", "name"): ("linux", "windows"),
    ("V1PodSecurityContext", "fsGroupChangePolicy"): ("Always", "OnRootMismatch"),
    ("V1PodSecurityContext", "supplementalGroupsPolicy"): ("", "Merge", "Strict"),
    ("V1Toleration", "operator"): ("", "Equal", "Exists"),
    ("V1Toleration", "effect"): ("", "NoSchedule", "PreferNoSchedule", "NoExecute"),
    ("V1TopologySpreadConstraint", "whenUnsatisfiable"): ("DoNotSchedule", "ScheduleAnyway"),
    ("V1TopologySpreadConstraint", "nodeAffinityPolicy"): ("Honor", "Ignore"),
    ("V1TopologySpreadConstraint", "nodeTaintsPolicy"): ("Honor", "Ignore"),
    ("V1NodeSelectorRequirement", "operator"): ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"),
    ("V1ResourceFieldSelector", "resource"): _RESOURCES,
    ("V1ObjectFieldSelector", "apiVersion"): ("", "v1"),
    ("V1PersistentVolumeClaimSpec", "accessModes"): (
        "ReadOnlyMany",
        "ReadWriteMany",
        "ReadWriteOnce",
        "ReadWriteOncePod",
    ),
    ("V1PersistentVolumeClaimSpec", "volumeMode"): ("Block", "Filesystem"),
    ("V1PodSecurityContext", "seLinuxChangePolicy"): ("Recursive",),
    ("V1ServiceSpec", "sessionAffinity"): ("", "ClientIP", "None"),
    ("V1ServiceSpec", "internalTrafficPolicy"): ("Cluster", "Local"),
    ("V1ServiceSpec", "ipFamilyPolicy"): ("", "PreferDualStack", "RequireDualStack", "SingleStack"),
    ("V1ServiceSpec", "ipFamilies"): ("IPv4", "IPv6"),
    ("V1ServiceSpec", "trafficDistribution"): ("PreferClose", "PreferSameZone", "PreferSameNode"),
    ("V1PodDisruptionBudgetSpec", "unhealthyPodEvictionPolicy"): ("AlwaysAllow", "IfHealthyBudget"),
    ("V2MetricSpec", "type"): ("ContainerResource", "External", "Object", "Pods", "Resource"),
    ("V2MetricTarget", "type"): ("Utilization", "Value", "AverageValue"),
    ("V2HPAScalingRules", "selectPolicy"): ("Disabled", "Max", "Min"),
    ("V2HPAScalingPolicy", "type"): ("Percent", "Pods"),
}

_USER = (0, 2**31 - 1)
_MODE = (0, 0o777)
_PORT = (1, 65535)
RANGES: dict[Key, tuple[int, int | None]] = {
    ("V1DeploymentSpec", "minReadySeconds"): (0, None),
    ("V1DeploymentSpec", "revisionHistoryLimit"): (0, None),
    ("V1PodSecurityContext", "runAsUser"): _USER,
    ("V1PodSecurityContext", "runAsGroup"): _USER,
    ("V1PodSecurityContext", "fsGroup"): _USER,
    ("V1PodSecurityContext", "supplementalGroups"): _USER,
    ("V1SecurityContext", "runAsUser"): _USER,
    ("V1SecurityContext", "runAsGroup"): _USER,
    ("V1ConfigMapVolumeSource", "defaultMode"): _MODE,
    ("V1SecretVolumeSource", "defaultMode"): _MODE,
    ("V1DownwardAPIVolumeSource", "defaultMode"): _MODE,
    ("V1ProjectedVolumeSource", "defaultMode"): _MODE,
    ("V1KeyToPath", "mode"): _MODE,
    ("V1DownwardAPIVolumeFile", "mode"): _MODE,
    ("V1ServiceAccountTokenProjection", "expirationSeconds"): (600, 2**32),
    ("V1ContainerPort", "hostPort"): (0, 65535),
    ("V1GRPCAction", "port"): _PORT,
    ("V1HTTPGetAction", "port"): _PORT,
    ("V1TCPSocketAction", "port"): _PORT,
    ("V1Probe", "terminationGracePeriodSeconds"): (1, None),
    ("V1TopologySpreadConstraint", "maxSkew"): (1, None),
    ("V1TopologySpreadConstraint", "minDomains"): (1, None),
    ("V1WeightedPodAffinityTerm", "weight"): (1, 100),
    ("V1PreferredSchedulingTerm", "weight"): (1, 100),
    ("V2HPAScalingRules", "stabilizationWindowSeconds"): (0, 3600),
    ("V2HPAScalingPolicy", "value"): (1, None),
    ("V2HPAScalingPolicy", "periodSeconds"): (1, 1800),
    ("V2MetricTarget", "averageUtilization"): (1, None),
}
"""Lowest and highest number; None: the type's own limit."""

INT64 = frozenset(
    (
        "terminationGracePeriodSeconds",
        "activeDeadlineSeconds",
        "tolerationSeconds",
        "expirationSeconds",
        "generation",
        "deletionGracePeriodSeconds",
        "runAsUser",
        "runAsGroup",
        "fsGroup",
        "supplementalGroups",
        "seconds",
        "observedGeneration",
    )
)
"""Whole numbers of 64 bits; all others have 32."""

NAMES: dict[Key, Check] = {
    **{(kind, "name"): kubenames.dns_name for kind in (*_ENV_FROM, *_KEY_SELECTORS)},
    **{(kind, "key"): kubenames.data_key for kind in _KEY_SELECTORS},
    ("V1EnvFromSource", "prefix"): kubenames.env_prefix,
    ("V1PodSpec", "serviceAccountName"): kubenames.dns_name_or_empty,
    ("V1PodSpec", "priorityClassName"): kubenames.dns_name_or_empty,
    ("V1PodSpec", "runtimeClassName"): kubenames.dns_name,
    ("V1PodSpec", "nodeName"): kubenames.dns_name_or_empty,
    ("V1PodSpec", "hostname"): kubenames.dns_label_or_empty,
    ("V1PodSpec", "subdomain"): kubenames.dns_label_or_empty,
    ("V1PodReadinessGate", "conditionType"): kubenames.qualified,
    ("V1PodSchedulingGate", "name"): kubenames.qualified,
    ("V1PodDNSConfig", "nameservers"): kubenames.address,
    ("V1HostAlias", "ip"): kubenames.address,
    ("V1HostAlias", "hostnames"): kubenames.dns_name,
    ("V1HTTPHeader", "name"): kubenames.header_name,
    ("V1Sysctl", "name"): kubenames.sysctl,
    ("V1ObjectFieldSelector", "fieldPath"): kubenames.field_path,
    ("V1ServicePort", "appProtocol"): kubenames.qualified,
    ("V1ServiceSpec", "externalIPs"): kubenames.outside_address,
    ("V1NamespaceSpec", "finalizers"): kubenames.finalizer,
    ("V1KeyToPath", "path"): kubenames.relative_path,
    ("V1DownwardAPIVolumeFile", "path"): kubenames.relative_path,
    ("V1VolumeMount", "subPath"): kubenames.relative_path_or_empty,
    ("V1VolumeMount", "subPathExpr"): kubenames.relative_path_or_empty,
    ("V1VolumeMount", "mountPath"): kubenames.given,
    ("V1HostPathVolumeSource", "path"): kubenames.no_way_up,
    ("V1PersistentVolumeClaimVolumeSource", "claimName"): kubenames.given,
    ("V1TopologySpreadConstraint", "topologyKey"): kubenames.given,
    ("V1PodAffinityTerm", "topologyKey"): kubenames.qualified,
    ("V2CrossVersionObjectReference", "name"): kubenames.path_segment,
    ("V2CrossVersionObjectReference", "kind"): kubenames.path_segment,
    ("V2MetricIdentifier", "name"): kubenames.path_segment,
    ("V2ResourceMetricSource", "name"): kubenames.given,
    ("V2ContainerResourceMetricSource", "name"): kubenames.given,
    ("V2ContainerResourceMetricSource", "container"): kubenames.given,
}

ONE_OF: dict[str, tuple[str, ...]] = {
    "V1EnvFromSource": ("configMapRef", "secretRef"),
    "V1LifecycleHandler": ("exec", "httpGet", "sleep", "tcpSocket"),
    "V1VolumeProjection": (
        "configMap",
        "secret",
        "downwardAPI",
        "serviceAccountToken",
        "clusterTrustBundle",
        "podCertificate",
    ),
    "V1DownwardAPIVolumeFile": ("fieldRef", "resourceFieldRef"),
}
"""Of these fields exactly one is given."""
