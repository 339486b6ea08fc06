"""Fields of Pods and of pod templates."""

TYPES = """
Pod: spec:PodSpec status:PodStatus
PodTemplateSpec: metadata:ObjectMeta spec:PodSpec
PodSpec: volumes:[Volume]@name^ initContainers:[Container]@name containers:[Container]@name
  ephemeralContainers:[EphemeralContainer]@name restartPolicy:s terminationGracePeriodSeconds:l activeDeadlineSeconds:l
  dnsPolicy:s nodeSelector:{s}% serviceAccountName:s serviceAccount:s automountServiceAccountToken:b nodeName:s
  hostNetwork:b hostPID:b hostIPC:b shareProcessNamespace:b securityContext:PodSecurityContext
  imagePullSecrets:[LocalObjectReference]@name hostname:s subdomain:s affinity:Affinity schedulerName:s
  tolerations:[Toleration] hostAliases:[HostAlias]@ip priorityClassName:s priority:i dnsConfig:PodDNSConfig
  readinessGates:[PodReadinessGate] runtimeClassName:s enableServiceLinks:b preemptionPolicy:s overhead:{q}
  topologySpreadConstraints:[TopologySpreadConstraint]@topologyKey,whenUnsatisfiable~topologyKey setHostnameAsFQDN:b
  os:PodOS hostUsers:b schedulingGates:[PodSchedulingGate]@name resourceClaims:[PodResourceClaim]@name^
  resources:ResourceRequirements hostnameOverride:s
Container: name:s image:s command:[s] args:[s] workingDir:s ports:[ContainerPort]@containerPort,protocol~containerPort
  envFrom:[EnvFromSource] env:[EnvVar]@name resources:ResourceRequirements resizePolicy:[ContainerResizePolicy]
  restartPolicy:s restartPolicyRules:[ContainerRestartRule] volumeMounts:[VolumeMount]@mountPath
  volumeDevices:[VolumeDevice]@devicePath livenessProbe:Probe readinessProbe:Probe startupProbe:Probe
  lifecycle:Lifecycle terminationMessagePath:s terminationMessagePolicy:s imagePullPolicy:s
  securityContext:SecurityContext stdin:b stdinOnce:b tty:b
EphemeralContainer: +Container targetContainerName:s
ContainerPort: name:s hostPort:i containerPort:i protocol:s hostIP:s
ContainerResizePolicy: resourceName:s restartPolicy:s
ContainerRestartRule: action:s exitCodes:ContainerRestartRuleOnExitCodes
ContainerRestartRuleOnExitCodes: operator:s values:[i]=set
EnvVar: name:s value:s valueFrom:EnvVarSource
EnvVarSource: fieldRef:ObjectFieldSelector resourceFieldRef:ResourceFieldSelector configMapKeyRef:ConfigMapKeySelector
  secretKeyRef:SecretKeySelector fileKeyRef:FileKeySelector
FileKeySelector%: volumeName:s path:s key:s optional:b
ObjectFieldSelector%: apiVersion:s fieldPath:s
ResourceFieldSelector%: containerName:s resource:s divisor:q
ConfigMapKeySelector%: name:s key:s optional:b
SecretKeySelector%: name:s key:s optional:b
EnvFromSource: prefix:s configMapRef:ConfigMapEnvSource secretRef:SecretEnvSource
ConfigMapEnvSource: name:s optional:b
SecretEnvSource: name:s optional:b
ResourceRequirements: limits:{q} requests:{q} claims:[ResourceClaim]@name~-
ResourceClaim: name:s request:s
Probe: httpGet:HTTPGetAction exec:ExecAction tcpSocket:TCPSocketAction grpc:GRPCAction initialDelaySeconds:i
  timeoutSeconds:i periodSeconds:i successThreshold:i failureThreshold:i terminationGracePeriodSeconds:l
HTTPGetAction: path:s port:is host:s scheme:s httpHeaders:[HTTPHeader]
HTTPHeader: name:s value:s
ExecAction: command:[s]
TCPSocketAction: port:is host:s
GRPCAction: port:i service:s
SleepAction: seconds:l
Lifecycle: postStart:LifecycleHandler preStop:LifecycleHandler stopSignal:s
LifecycleHandler: exec:ExecAction httpGet:HTTPGetAction tcpSocket:TCPSocketAction sleep:SleepAction
VolumeMount: name:s readOnly:b recursiveReadOnly:s mountPath:s subPath:s mountPropagation:s subPathExpr:s
VolumeDevice: name:s devicePath:s
SecurityContext: capabilities:Capabilities privileged:b seLinuxOptions:SELinuxOptions
  windowsOptions:WindowsSecurityContextOptions runAsUser:l runAsGroup:l runAsNonRoot:b readOnlyRootFilesystem:b
  allowPrivilegeEscalation:b procMount:s seccompProfile:SeccompProfile appArmorProfile:AppArmorProfile
PodSecurityContext: seLinuxOptions:SELinuxOptions windowsOptions:WindowsSecurityContextOptions runAsUser:l
  runAsGroup:l runAsNonRoot:b supplementalGroups:[l] supplementalGroupsPolicy:s fsGroup:l sysctls:[Sysctl]
  fsGroupChangePolicy:s seccompProfile:SeccompProfile appArmorProfile:AppArmorProfile seLinuxChangePolicy:s
Capabilities: add:[s] drop:[s]
SELinuxOptions: user:s role:s type:s level:s
WindowsSecurityContextOptions: gmsaCredentialSpecName:s gmsaCredentialSpec:s runAsUserName:s hostProcess:b
SeccompProfile: type:s localhostProfile:s
AppArmorProfile: type:s localhostProfile:s
Sysctl: name:s value:s
Affinity: nodeAffinity:NodeAffinity podAffinity:PodAffinity podAntiAffinity:PodAntiAffinity
NodeAffinity: requiredDuringSchedulingIgnoredDuringExecution:NodeSelector
  preferredDuringSchedulingIgnoredDuringExecution:[PreferredSchedulingTerm]
NodeSelector%: nodeSelectorTerms:[NodeSelectorTerm]
NodeSelectorTerm%: matchExpressions:[NodeSelectorRequirement] matchFields:[NodeSelectorRequirement]
NodeSelectorRequirement: key:s operator:s values:[s]
PreferredSchedulingTerm: weight:i preference:NodeSelectorTerm
PodAffinity: requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]
  preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm]
PodAntiAffinity: +PodAffinity
PodAffinityTerm: labelSelector:LabelSelector namespaces:[s] topologyKey:s namespaceSelector:LabelSelector
  matchLabelKeys:[s] mismatchLabelKeys:[s]
WeightedPodAffinityTerm: weight:i podAffinityTerm:PodAffinityTerm
Toleration: key:s operator:s value:s effect:s tolerationSeconds:l
HostAlias: ip:s hostnames:[s]
PodDNSConfig: nameservers:[s] searches:[s] options:[PodDNSConfigOption]
PodDNSConfigOption: name:s value:s
PodReadinessGate: conditionType:s
PodSchedulingGate: name:s
PodResourceClaim: name:s resourceClaimName:s resourceClaimTemplateName:s
PodOS: name:s
TopologySpreadConstraint: maxSkew:i topologyKey:s whenUnsatisfiable:s labelSelector:LabelSelector minDomains:i
  nodeAffinityPolicy:s nodeTaintsPolicy:s matchLabelKeys:[s]
Volume: name:s hostPath:HostPathVolumeSource emptyDir:EmptyDirVolumeSource secret:SecretVolumeSource
  persistentVolumeClaim:PersistentVolumeClaimVolumeSource downwardAPI:DownwardAPIVolumeSource
  configMap:ConfigMapVolumeSource projected:ProjectedVolumeSource ephemeral:EphemeralVolumeSource
  csi:CSIVolumeSource nfs:NFSVolumeSource image:ImageVolumeSource gcePersistentDisk:* awsElasticBlockStore:*
  gitRepo:* iscsi:* glusterfs:* rbd:* flexVolume:* cinder:* cephfs:* flocker:* fc:* azureFile:* vsphereVolume:*
  quobyte:* azureDisk:* photonPersistentDisk:* portworxVolume:* scaleIO:* storageos:*
HostPathVolumeSource: path:s type:s
EmptyDirVolumeSource: medium:s sizeLimit:q
SecretVolumeSource: secretName:s items:[KeyToPath] defaultMode:i optional:b
ConfigMapVolumeSource: name:s items:[KeyToPath] defaultMode:i optional:b
KeyToPath: key:s path:s mode:i
PersistentVolumeClaimVolumeSource: claimName:s readOnly:b
DownwardAPIVolumeSource: items:[DownwardAPIVolumeFile] defaultMode:i
DownwardAPIVolumeFile: path:s fieldRef:ObjectFieldSelector resourceFieldRef:ResourceFieldSelector mode:i
ProjectedVolumeSource: sources:[VolumeProjection] defaultMode:i
VolumeProjection: secret:SecretProjection downwardAPI:DownwardAPIProjection configMap:ConfigMapProjection
  serviceAccountToken:ServiceAccountTokenProjection clusterTrustBundle:* podCertificate:*
SecretProjection: name:s items:[KeyToPath] optional:b
ConfigMapProjection: name:s items:[KeyToPath] optional:b
DownwardAPIProjection: items:[DownwardAPIVolumeFile]
ServiceAccountTokenProjection: audience:s expirationSeconds:l path:s
EphemeralVolumeSource: volumeClaimTemplate:PersistentVolumeClaimTemplate
PersistentVolumeClaimTemplate: metadata:ObjectMeta spec:PersistentVolumeClaimSpec
CSIVolumeSource: driver:s readOnly:b fsType:s volumeAttributes:{s} nodePublishSecretRef:LocalObjectReference
NFSVolumeSource: server:s path:s readOnly:b
ImageVolumeSource: reference:s pullPolicy:s
PodStatus: phase:s conditions:[PodCondition]@type message:s reason:s nominatedNodeName:s hostIP:s
  hostIPs:[HostIP]~ip podIP:s podIPs:[PodIP]@ip startTime:t initContainerStatuses:[ContainerStatus]
  containerStatuses:[ContainerStatus] qosClass:s ephemeralContainerStatuses:[ContainerStatus] resize:s
  resourceClaimStatuses:[PodResourceClaimStatus]@name^ observedGeneration:l extendedResourceClaimStatus:*
PodCondition: type:s status:s lastProbeTime:t lastTransitionTime:t reason:s message:s observedGeneration:l
HostIP: ip:s
PodIP: ip:s
PodResourceClaimStatus: name:s resourceClaimName:s
ContainerStatus: name:s state:ContainerState lastState:ContainerState ready:b restartCount:i image:s imageID:s
  containerID:s started:b allocatedResources:{q} resources:ResourceRequirements
  volumeMounts:[VolumeMountStatus]@mountPath user:ContainerUser allocatedResourcesStatus:[ResourceStatus]@name
  stopSignal:s
VolumeMountStatus: name:s mountPath:s readOnly:b recursiveReadOnly:s
ContainerUser: linux:*
ResourceStatus: name:s resources:*
ContainerState: waiting:ContainerStateWaiting running:ContainerStateRunning terminated:ContainerStateTerminated
ContainerStateWaiting: reason:s message:s
ContainerStateRunning: startedAt:t
ContainerStateTerminated: exitCode:i signal:i reason:s message:s startedAt:t finishedAt:t containerID:s
Binding: target:ObjectReference
Eviction: deleteOptions:DeleteOptions
"""
