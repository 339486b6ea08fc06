"""Fields of the core group's other kinds and of events.k8s.io and metrics.k8s.io."""

TYPES = """
Namespace: spec:NamespaceSpec#2 status:NamespaceStatus#3
NamespaceSpec: finalizers:[s]#1
NamespaceStatus: phase:s#1 conditions:[NamespaceCondition]@type#2
NamespaceCondition: type:s#1 status:s#2 lastTransitionTime:t#4 reason:s#5 message:s#6
ConfigMap: data:{s}#2 binaryData:{by}#3 immutable:b#4
Secret: data:{by}#2 stringData:{s}#4 type:s#3 immutable:b#5
ServiceAccount: secrets:[ObjectReference]@name#2 imagePullSecrets:[LocalObjectReference]#3
  automountServiceAccountToken:b#4
Service: spec:ServiceSpec#2 status:ServiceStatus#3
ServiceSpec: ports:[ServicePort]@port,protocol~port#1 selector:{s}%#2 clusterIP:s#3 clusterIPs:[s]#18 type:s#4
  externalIPs:[s]#5 sessionAffinity:s#7 loadBalancerIP:s#8 loadBalancerSourceRanges:[s]#9 externalName:s#10
  externalTrafficPolicy:s#11 healthCheckNodePort:i#12 publishNotReadyAddresses:b#13
  sessionAffinityConfig:SessionAffinityConfig#14 ipFamilies:[s]#19 ipFamilyPolicy:s#17
  allocateLoadBalancerNodePorts:b#20 loadBalancerClass:s#21 internalTrafficPolicy:s#22 trafficDistribution:s#23
SessionAffinityConfig: clientIP:ClientIPConfig#1
ClientIPConfig: timeoutSeconds:i#1
ServicePort: name:s#1 protocol:s#2 appProtocol:s#6 port:i#3 targetPort:is#4 nodePort:i#5
ServiceStatus: loadBalancer:LoadBalancerStatus#1 conditions:[Condition]@type#2
LoadBalancerStatus: ingress:[LoadBalancerIngress]#1
LoadBalancerIngress: ip:s#1 hostname:s#2 ipMode:s#3 ports:[PortStatus]#4
PortStatus: port:i#1 protocol:s#2 error:s#3
Endpoints: subsets:[EndpointSubset]#2
EndpointSubset: addresses:[EndpointAddress]#1 notReadyAddresses:[EndpointAddress]#2 ports:[EndpointPort]#3
EndpointAddress%: ip:s#1 hostname:s#3 nodeName:s#4 targetRef:ObjectReference#2
EndpointPort%: name:s#1 port:i#2 protocol:s#3 appProtocol:s#4
Event: involvedObject:ObjectReference#2 reason:s#3 message:s#4 source:EventSource#5 firstTimestamp:t#6
  lastTimestamp:t#7 count:i#8 type:s#9 eventTime:mt#10 series:EventSeries#11 action:s#12 related:ObjectReference#13
  reportingComponent:s#14 reportingInstance:s#15
EventSource: component:s#1 host:s#2
EventSeries: count:i#1 lastObservedTime:mt#2
events.Event: regarding:ObjectReference#8 reason:s#7 note:s#10 deprecatedSource:EventSource#12
  deprecatedFirstTimestamp:t#13 deprecatedLastTimestamp:t#14 deprecatedCount:i#15 type:s#11 eventTime:mt#2
  series:EventSeries#3 action:s#6 related:ObjectReference#9 reportingController:s#4 reportingInstance:s#5
Node: spec:NodeSpec#2 status:NodeStatus#3
NodeSpec: podCIDR:s#1 podCIDRs:[s]=set~#7 providerID:s#3 unschedulable:b#4 taints:[Taint]#5 configSource:*
  externalID:s#2
Taint: key:s#1 value:s#2 effect:s#3 timeAdded:t#4
NodeStatus: capacity:{q}#1 allocatable:{q}#2 phase:s#3 conditions:[NodeCondition]@type#4
  addresses:[NodeAddress]@type#5 daemonEndpoints:NodeDaemonEndpoints#6 nodeInfo:NodeSystemInfo#7
  images:[ContainerImage]#8 volumesInUse:[s]#9 volumesAttached:[AttachedVolume]#10 config:*
  runtimeHandlers:[NodeRuntimeHandler]#12 features:*
NodeCondition: type:s#1 status:s#2 lastHeartbeatTime:t#3 lastTransitionTime:t#4 reason:s#5 message:s#6
NodeAddress: type:s#1 address:s#2
NodeDaemonEndpoints: kubeletEndpoint:DaemonEndpoint#1
DaemonEndpoint: Port:i#1
NodeSystemInfo: machineID:s#1 systemUUID:s#2 bootID:s#3 kernelVersion:s#4 osImage:s#5 containerRuntimeVersion:s#6
  kubeletVersion:s#7 kubeProxyVersion:s#8 operatingSystem:s#9 architecture:s#10 swap:*
NodeRuntimeHandler: name:s#1 features:*
ContainerImage: names:[s]#1 sizeBytes:l#2
AttachedVolume: name:s#1 devicePath:s#2
PersistentVolume: spec:PersistentVolumeSpec#1 status:PersistentVolumeStatus#2
PersistentVolumeSpec: capacity:{q}#1 accessModes:[s]#3 claimRef:ObjectReference#4 persistentVolumeReclaimPolicy:s#5
  storageClassName:s#6 mountOptions:[s]#7 volumeMode:s#8 hostPath:* nfs:* csi:* local:* nodeAffinity:*
PersistentVolumeStatus: phase:s#1 message:s#2 reason:s#3 lastPhaseTransitionTime:t#4
PersistentVolumeClaim: spec:PersistentVolumeClaimSpec#2 status:PersistentVolumeClaimStatus#3
PersistentVolumeClaimSpec: accessModes:[s]#1 selector:LabelSelector#4 resources:VolumeResourceRequirements#2
  volumeName:s#3 storageClassName:s#5 volumeMode:s#6 dataSource:TypedLocalObjectReference#7
  dataSourceRef:TypedObjectReference#8 volumeAttributesClassName:s#9
VolumeClaim: apiVersion:s kind:s metadata:ObjectMeta#1 spec:PersistentVolumeClaimSpec#2
  status:PersistentVolumeClaimStatus#3
VolumeResourceRequirements: limits:{q}#1 requests:{q}#2
PersistentVolumeClaimStatus: phase:s#1 accessModes:[s]#2 capacity:{q}#3
  conditions:[PersistentVolumeClaimCondition]@type#4 allocatedResources:{q}#5 allocatedResourceStatuses:{s}#7
  currentVolumeAttributesClassName:s#8 modifyVolumeStatus:*
PersistentVolumeClaimCondition: type:s#1 status:s#2 lastProbeTime:t#3 lastTransitionTime:t#4 reason:s#5 message:s#6
ResourceQuota: spec:ResourceQuotaSpec#2 status:ResourceQuotaStatus#3
ResourceQuotaSpec: hard:{q}#1 scopes:[s]#2 scopeSelector:ScopeSelector#3
ScopeSelector%: matchExpressions:[ScopedResourceSelectorRequirement]#1
ScopedResourceSelectorRequirement: scopeName:s#1 operator:s#2 values:[s]#3
ResourceQuotaStatus: hard:{q}#1 used:{q}#2
LimitRange: spec:LimitRangeSpec#2
LimitRangeSpec: limits:[LimitRangeItem]#1
LimitRangeItem: type:s#1 max:{q}#2 min:{q}#3 default:{q}#4 defaultRequest:{q}#5 maxLimitRequestRatio:{q}#6
PodMetrics: timestamp:t window:s containers:[ContainerMetrics]
ContainerMetrics: name:s usage:{q}
NodeMetrics: timestamp:t window:s usage:{q}
"""
