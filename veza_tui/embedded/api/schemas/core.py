"""Fields of the core group's other kinds and of events.k8s.io and metrics.k8s.io."""

TYPES = """
Namespace: spec:NamespaceSpec status:NamespaceStatus
NamespaceSpec: finalizers:[s]
NamespaceStatus: phase:s conditions:[NamespaceCondition]@type
NamespaceCondition: type:s status:s lastTransitionTime:t reason:s message:s
ConfigMap: data:{s} binaryData:{by} immutable:b
Secret: data:{by} stringData:{s} type:s immutable:b
ServiceAccount: secrets:[ObjectReference]@name imagePullSecrets:[LocalObjectReference] automountServiceAccountToken:b
Service: spec:ServiceSpec status:ServiceStatus
ServiceSpec: ports:[ServicePort]@port,protocol~port selector:{s}% clusterIP:s clusterIPs:[s] type:s externalIPs:[s]
  sessionAffinity:s loadBalancerIP:s loadBalancerSourceRanges:[s] externalName:s externalTrafficPolicy:s
  healthCheckNodePort:i publishNotReadyAddresses:b sessionAffinityConfig:SessionAffinityConfig ipFamilies:[s]
  ipFamilyPolicy:s allocateLoadBalancerNodePorts:b loadBalancerClass:s internalTrafficPolicy:s trafficDistribution:s
SessionAffinityConfig: clientIP:ClientIPConfig
ClientIPConfig: timeoutSeconds:i
ServicePort: name:s protocol:s appProtocol:s port:i targetPort:is nodePort:i
ServiceStatus: loadBalancer:LoadBalancerStatus conditions:[Condition]@type
LoadBalancerStatus: ingress:[LoadBalancerIngress]
LoadBalancerIngress: ip:s hostname:s ipMode:s ports:[PortStatus]
PortStatus: port:i protocol:s error:s
Endpoints: subsets:[EndpointSubset]
EndpointSubset: addresses:[EndpointAddress] notReadyAddresses:[EndpointAddress] ports:[EndpointPort]
EndpointAddress%: ip:s hostname:s nodeName:s targetRef:ObjectReference
EndpointPort%: name:s port:i protocol:s appProtocol:s
Event: involvedObject:ObjectReference reason:s message:s source:EventSource firstTimestamp:t lastTimestamp:t count:i
  type:s eventTime:mt series:EventSeries action:s related:ObjectReference reportingComponent:s reportingInstance:s
EventSource: component:s host:s
EventSeries: count:i lastObservedTime:mt
events.Event: regarding:ObjectReference reason:s note:s deprecatedSource:EventSource deprecatedFirstTimestamp:t
  deprecatedLastTimestamp:t deprecatedCount:i type:s eventTime:mt series:EventSeries action:s related:ObjectReference
  reportingController:s reportingInstance:s
Node: spec:NodeSpec status:NodeStatus
NodeSpec: podCIDR:s podCIDRs:[s]=set~ providerID:s unschedulable:b taints:[Taint] configSource:* externalID:s
Taint: key:s value:s effect:s timeAdded:t
NodeStatus: capacity:{q} allocatable:{q} phase:s conditions:[NodeCondition]@type addresses:[NodeAddress]@type
  daemonEndpoints:NodeDaemonEndpoints nodeInfo:NodeSystemInfo images:[ContainerImage] volumesInUse:[s]
  volumesAttached:[AttachedVolume] config:* runtimeHandlers:[NodeRuntimeHandler] features:*
NodeCondition: type:s status:s lastHeartbeatTime:t lastTransitionTime:t reason:s message:s
NodeAddress: type:s address:s
NodeDaemonEndpoints: kubeletEndpoint:DaemonEndpoint
DaemonEndpoint: Port:i
NodeSystemInfo: machineID:s systemUUID:s bootID:s kernelVersion:s osImage:s containerRuntimeVersion:s kubeletVersion:s
  kubeProxyVersion:s operatingSystem:s architecture:s swap:*
NodeRuntimeHandler: name:s features:*
ContainerImage: names:[s] sizeBytes:l
AttachedVolume: name:s devicePath:s
PersistentVolumeClaim: spec:PersistentVolumeClaimSpec status:PersistentVolumeClaimStatus
PersistentVolumeClaimSpec: accessModes:[s] selector:LabelSelector resources:VolumeResourceRequirements volumeName:s
  storageClassName:s volumeMode:s dataSource:TypedLocalObjectReference dataSourceRef:TypedObjectReference
  volumeAttributesClassName:s
VolumeClaim: apiVersion:s kind:s metadata:ObjectMeta spec:PersistentVolumeClaimSpec status:PersistentVolumeClaimStatus
VolumeResourceRequirements: limits:{q} requests:{q}
PersistentVolumeClaimStatus: phase:s accessModes:[s] capacity:{q} conditions:[PersistentVolumeClaimCondition]@type
  allocatedResources:{q} allocatedResourceStatuses:{s} currentVolumeAttributesClassName:s modifyVolumeStatus:*
PersistentVolumeClaimCondition: type:s status:s lastProbeTime:t lastTransitionTime:t reason:s message:s
ResourceQuota: spec:ResourceQuotaSpec status:ResourceQuotaStatus
ResourceQuotaSpec: hard:{q} scopes:[s] scopeSelector:ScopeSelector
ScopeSelector%: matchExpressions:[ScopedResourceSelectorRequirement]
ScopedResourceSelectorRequirement: scopeName:s operator:s values:[s]
ResourceQuotaStatus: hard:{q} used:{q}
LimitRange: spec:LimitRangeSpec
LimitRangeSpec: limits:[LimitRangeItem]
LimitRangeItem: type:s max:{q} min:{q} default:{q} defaultRequest:{q} maxLimitRequestRatio:{q}
PodMetrics: timestamp:t window:s containers:[ContainerMetrics]
ContainerMetrics: name:s usage:{q}
NodeMetrics: timestamp:t window:s usage:{q}
"""
