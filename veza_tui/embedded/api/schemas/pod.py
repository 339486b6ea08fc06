"""Fields of Pods and of pod templates."""

TYPES = """
Pod: spec:PodSpec#2 status:PodStatus#3
PodTemplateSpec: metadata:ObjectMeta#1 spec:PodSpec#2
PodSpec: volumes:[Volume]@name^#1 initContainers:[Container]@name#20 containers:[Container]@name#2
  ephemeralContainers:[EphemeralContainer]@name#34 restartPolicy:s#3 terminationGracePeriodSeconds:l#4
  activeDeadlineSeconds:l#5 dnsPolicy:s#6 nodeSelector:{s}%#7 serviceAccountName:s#8 serviceAccount:s#9
  automountServiceAccountToken:b#21 nodeName:s#10 hostNetwork:b#11 hostPID:b#12 hostIPC:b#13
  shareProcessNamespace:b#27 securityContext:PodSecurityContext#14 imagePullSecrets:[LocalObjectReference]@name#15
  hostname:s#16 subdomain:s#17 affinity:Affinity#18 schedulerName:s#19 tolerations:[Toleration]#22
  hostAliases:[HostAlias]@ip#23 priorityClassName:s#24 priority:i#25 dnsConfig:PodDNSConfig#26
  readinessGates:[PodReadinessGate]#28 runtimeClassName:s#29 enableServiceLinks:b#30 preemptionPolicy:s#31
  overhead:{q}#32 topologySpreadConstraints:[TopologySpreadConstraint]@topologyKey,whenUnsatisfiable~topologyKey#33
  setHostnameAsFQDN:b#35 os:PodOS#36 hostUsers:b#37 schedulingGates:[PodSchedulingGate]@name#38
  resourceClaims:[PodResourceClaim]@name^#39 resources:ResourceRequirements#40 hostnameOverride:s#41
Container: name:s#1 image:s#2 command:[s]#3 args:[s]#4 workingDir:s#5
  ports:[ContainerPort]@containerPort,protocol~containerPort#6 envFrom:[EnvFromSource]#19 env:[EnvVar]@name#7
  resources:ResourceRequirements#8 resizePolicy:[ContainerResizePolicy]#23 restartPolicy:s#24
  restartPolicyRules:[ContainerRestartRule]#25 volumeMounts:[VolumeMount]@mountPath#9
  volumeDevices:[VolumeDevice]@devicePath#21 livenessProbe:Probe#10 readinessProbe:Probe#11 startupProbe:Probe#22
  lifecycle:Lifecycle#12 terminationMessagePath:s#13 terminationMessagePolicy:s#20 imagePullPolicy:s#14
  securityContext:SecurityContext#15 stdin:b#16 stdinOnce:b#17 tty:b#18
EphemeralContainer: +Container#1 targetContainerName:s#2
ContainerPort: name:s#1 hostPort:i#2 containerPort:i#3 protocol:s#4 hostIP:s#5
ContainerResizePolicy: resourceName:s#1 restartPolicy:s#2
ContainerRestartRule: action:s#1 exitCodes:ContainerRestartRuleOnExitCodes#2
ContainerRestartRuleOnExitCodes: operator:s#1 values:[i]=set#2
EnvVar: name:s#1 value:s#2 valueFrom:EnvVarSource#3
EnvVarSource: fieldRef:ObjectFieldSelector#1 resourceFieldRef:ResourceFieldSelector#2
  configMapKeyRef:ConfigMapKeySelector#3 secretKeyRef:SecretKeySelector#4 fileKeyRef:FileKeySelector#5
FileKeySelector%: volumeName:s#1 path:s#2 key:s#3 optional:b#4
ObjectFieldSelector%: apiVersion:s#1 fieldPath:s#2
ResourceFieldSelector%: containerName:s#1 resource:s#2 divisor:q#3
ConfigMapKeySelector%: name:s#1.1 key:s#2 optional:b#3
SecretKeySelector%: name:s#1.1 key:s#2 optional:b#3
EnvFromSource: prefix:s#1 configMapRef:ConfigMapEnvSource#2 secretRef:SecretEnvSource#3
ConfigMapEnvSource: name:s#1.1 optional:b#2
SecretEnvSource: name:s#1.1 optional:b#2
ResourceRequirements: limits:{q}#1 requests:{q}#2 claims:[ResourceClaim]@name~-#3
ResourceClaim: name:s#1 request:s#2
Probe: httpGet:HTTPGetAction#1.2 exec:ExecAction#1.1 tcpSocket:TCPSocketAction#1.3 grpc:GRPCAction#1.4
  initialDelaySeconds:i#2 timeoutSeconds:i#3 periodSeconds:i#4 successThreshold:i#5 failureThreshold:i#6
  terminationGracePeriodSeconds:l#7
HTTPGetAction: path:s#1 port:is#2 host:s#3 scheme:s#4 httpHeaders:[HTTPHeader]#5
HTTPHeader: name:s#1 value:s#2
ExecAction: command:[s]#1
TCPSocketAction: port:is#1 host:s#2
GRPCAction: port:i#1 service:s#2
SleepAction: seconds:l#1
Lifecycle: postStart:LifecycleHandler#1 preStop:LifecycleHandler#2 stopSignal:s#3
LifecycleHandler: exec:ExecAction#1 httpGet:HTTPGetAction#2 tcpSocket:TCPSocketAction#3 sleep:SleepAction#4
VolumeMount: name:s#1 readOnly:b#2 recursiveReadOnly:s#7 mountPath:s#3 subPath:s#4 mountPropagation:s#5
  subPathExpr:s#6
VolumeDevice: name:s#1 devicePath:s#2
SecurityContext: capabilities:Capabilities#1 privileged:b#2 seLinuxOptions:SELinuxOptions#3
  windowsOptions:WindowsSecurityContextOptions#10 runAsUser:l#4 runAsGroup:l#8 runAsNonRoot:b#5
  readOnlyRootFilesystem:b#6 allowPrivilegeEscalation:b#7 procMount:s#9 seccompProfile:SeccompProfile#11
  appArmorProfile:AppArmorProfile#12
PodSecurityContext: seLinuxOptions:SELinuxOptions#1 windowsOptions:WindowsSecurityContextOptions#8 runAsUser:l#2
  runAsGroup:l#6 runAsNonRoot:b#3 supplementalGroups:[l]#4 supplementalGroupsPolicy:s#12 fsGroup:l#5
  sysctls:[Sysctl]#7 fsGroupChangePolicy:s#9 seccompProfile:SeccompProfile#10 appArmorProfile:AppArmorProfile#11
  seLinuxChangePolicy:s#13
Capabilities: add:[s]#1 drop:[s]#2
SELinuxOptions: user:s#1 role:s#2 type:s#3 level:s#4
WindowsSecurityContextOptions: gmsaCredentialSpecName:s#1 gmsaCredentialSpec:s#2 runAsUserName:s#3 hostProcess:b#4
SeccompProfile: type:s#1 localhostProfile:s#2
AppArmorProfile: type:s#1 localhostProfile:s#2
Sysctl: name:s#1 value:s#2
Affinity: nodeAffinity:NodeAffinity#1 podAffinity:PodAffinity#2 podAntiAffinity:PodAntiAffinity#3
NodeAffinity: requiredDuringSchedulingIgnoredDuringExecution:NodeSelector#1
  preferredDuringSchedulingIgnoredDuringExecution:[PreferredSchedulingTerm]#2
NodeSelector%: nodeSelectorTerms:[NodeSelectorTerm]#1
NodeSelectorTerm%: matchExpressions:[NodeSelectorRequirement]#1 matchFields:[NodeSelectorRequirement]#2
NodeSelectorRequirement: key:s#1 operator:s#2 values:[s]#3
PreferredSchedulingTerm: weight:i#1 preference:NodeSelectorTerm#2
PodAffinity: requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]#1
  preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm]#2
PodAntiAffinity: +PodAffinity
PodAffinityTerm: labelSelector:LabelSelector#1 namespaces:[s]#2 topologyKey:s#3 namespaceSelector:LabelSelector#4
  matchLabelKeys:[s]#5 mismatchLabelKeys:[s]#6
WeightedPodAffinityTerm: weight:i#1 podAffinityTerm:PodAffinityTerm#2
Toleration: key:s#1 operator:s#2 value:s#3 effect:s#4 tolerationSeconds:l#5
HostAlias: ip:s#1 hostnames:[s]#2
PodDNSConfig: nameservers:[s]#1 searches:[s]#2 options:[PodDNSConfigOption]#3
PodDNSConfigOption: name:s#1 value:s#2
PodReadinessGate: conditionType:s#1
PodSchedulingGate: name:s#1
PodResourceClaim: name:s#1 resourceClaimName:s#3 resourceClaimTemplateName:s#4
PodOS: name:s#1
TopologySpreadConstraint: maxSkew:i#1 topologyKey:s#2 whenUnsatisfiable:s#3 labelSelector:LabelSelector#4
  minDomains:i#5 nodeAffinityPolicy:s#6 nodeTaintsPolicy:s#7 matchLabelKeys:[s]#8
Volume: name:s#1 hostPath:HostPathVolumeSource#2.1 emptyDir:EmptyDirVolumeSource#2.2 secret:SecretVolumeSource#2.6
  persistentVolumeClaim:PersistentVolumeClaimVolumeSource#2.10 downwardAPI:DownwardAPIVolumeSource#2.16
  configMap:ConfigMapVolumeSource#2.19 projected:ProjectedVolumeSource#2.26 ephemeral:EphemeralVolumeSource#2.29
  csi:CSIVolumeSource#2.28 nfs:NFSVolumeSource#2.7 image:ImageVolumeSource#2.30 gcePersistentDisk:*
  awsElasticBlockStore:* gitRepo:* iscsi:* glusterfs:* rbd:* flexVolume:* cinder:* cephfs:* flocker:* fc:* azureFile:*
  vsphereVolume:* quobyte:* azureDisk:* photonPersistentDisk:* portworxVolume:* scaleIO:* storageos:*
HostPathVolumeSource: path:s#1 type:s#2
EmptyDirVolumeSource: medium:s#1 sizeLimit:q#2
SecretVolumeSource: secretName:s#1 items:[KeyToPath]#2 defaultMode:i#3 optional:b#4
ConfigMapVolumeSource: name:s#1.1 items:[KeyToPath]#2 defaultMode:i#3 optional:b#4
KeyToPath: key:s#1 path:s#2 mode:i#3
PersistentVolumeClaimVolumeSource: claimName:s#1 readOnly:b#2
DownwardAPIVolumeSource: items:[DownwardAPIVolumeFile]#1 defaultMode:i#2
DownwardAPIVolumeFile: path:s#1 fieldRef:ObjectFieldSelector#2 resourceFieldRef:ResourceFieldSelector#3 mode:i#4
ProjectedVolumeSource: sources:[VolumeProjection]#1 defaultMode:i#2
VolumeProjection: secret:SecretProjection#1 downwardAPI:DownwardAPIProjection#2 configMap:ConfigMapProjection#3
  serviceAccountToken:ServiceAccountTokenProjection#4 clusterTrustBundle:* podCertificate:*
SecretProjection: name:s#1.1 items:[KeyToPath]#2 optional:b#4
ConfigMapProjection: name:s#1.1 items:[KeyToPath]#2 optional:b#4
DownwardAPIProjection: items:[DownwardAPIVolumeFile]#1
ServiceAccountTokenProjection: audience:s#1 expirationSeconds:l#2 path:s#3
EphemeralVolumeSource: volumeClaimTemplate:PersistentVolumeClaimTemplate#1
PersistentVolumeClaimTemplate: metadata:ObjectMeta#1 spec:PersistentVolumeClaimSpec#2
CSIVolumeSource: driver:s#1 readOnly:b#2 fsType:s#3 volumeAttributes:{s}#4 nodePublishSecretRef:LocalObjectReference#5
NFSVolumeSource: server:s#1 path:s#2 readOnly:b#3
ImageVolumeSource: reference:s#1 pullPolicy:s#2
PodStatus: phase:s#1 conditions:[PodCondition]@type#2 message:s#3 reason:s#4 nominatedNodeName:s#11 hostIP:s#5
  hostIPs:[HostIP]~ip#16 podIP:s#6 podIPs:[PodIP]@ip#12 startTime:t#7 initContainerStatuses:[ContainerStatus]#10
  containerStatuses:[ContainerStatus]#8 qosClass:s#9 ephemeralContainerStatuses:[ContainerStatus]#13 resize:s#14
  resourceClaimStatuses:[PodResourceClaimStatus]@name^#15 observedGeneration:l#17 extendedResourceClaimStatus:*
PodCondition: type:s#1 status:s#2 lastProbeTime:t#3 lastTransitionTime:t#4 reason:s#5 message:s#6
  observedGeneration:l#7
HostIP: ip:s#1
PodIP: ip:s#1
PodResourceClaimStatus: name:s#1 resourceClaimName:s#2
ContainerStatus: name:s#1 state:ContainerState#2 lastState:ContainerState#3 ready:b#4 restartCount:i#5 image:s#6
  imageID:s#7 containerID:s#8 started:b#9 allocatedResources:{q}#10 resources:ResourceRequirements#11
  volumeMounts:[VolumeMountStatus]@mountPath#12 user:ContainerUser#13
  allocatedResourcesStatus:[ResourceStatus]@name#14 stopSignal:s#15
VolumeMountStatus: name:s#1 mountPath:s#2 readOnly:b#3 recursiveReadOnly:s#4
ContainerUser: linux:*
ResourceStatus: name:s#1 resources:*
ContainerState: waiting:ContainerStateWaiting#1 running:ContainerStateRunning#2 terminated:ContainerStateTerminated#3
ContainerStateWaiting: reason:s#1 message:s#2
ContainerStateRunning: startedAt:t#1
ContainerStateTerminated: exitCode:i#1 signal:i#2 reason:s#3 message:s#4 startedAt:t#5 finishedAt:t#6 containerID:s#7
Binding: target:ObjectReference#2
Eviction: deleteOptions:DeleteOptions#2
"""
