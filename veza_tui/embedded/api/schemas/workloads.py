"""Fields of apps, batch, autoscaling, policy, coordination, discovery, networking, rbac and the reviews."""

TYPES = """
Deployment: spec:DeploymentSpec status:DeploymentStatus
DeploymentSpec: replicas:i selector:LabelSelector template:PodTemplateSpec strategy:DeploymentStrategy^
  minReadySeconds:i revisionHistoryLimit:i paused:b progressDeadlineSeconds:i
DeploymentStrategy: type:s rollingUpdate:RollingUpdateDeployment
RollingUpdateDeployment: maxUnavailable:is maxSurge:is
DeploymentStatus: observedGeneration:l replicas:i updatedReplicas:i readyReplicas:i availableReplicas:i
  unavailableReplicas:i conditions:[DeploymentCondition]@type collisionCount:i terminatingReplicas:i
DeploymentCondition: type:s status:s lastUpdateTime:t lastTransitionTime:t reason:s message:s
ReplicaSet: spec:ReplicaSetSpec status:ReplicaSetStatus
ReplicaSetSpec: replicas:i minReadySeconds:i selector:LabelSelector template:PodTemplateSpec
ReplicaSetStatus: replicas:i fullyLabeledReplicas:i readyReplicas:i availableReplicas:i observedGeneration:l
  conditions:[ReplicaSetCondition]@type terminatingReplicas:i
ReplicaSetCondition: type:s status:s lastTransitionTime:t reason:s message:s
StatefulSet: spec:StatefulSetSpec status:StatefulSetStatus
StatefulSetSpec: replicas:i selector:LabelSelector template:PodTemplateSpec serviceName:s podManagementPolicy:s
  volumeClaimTemplates:[VolumeClaim] updateStrategy:StatefulSetUpdateStrategy revisionHistoryLimit:i
  minReadySeconds:i persistentVolumeClaimRetentionPolicy:StatefulSetPersistentVolumeClaimRetentionPolicy
  ordinals:StatefulSetOrdinals
StatefulSetUpdateStrategy: type:s rollingUpdate:RollingUpdateStatefulSetStrategy
RollingUpdateStatefulSetStrategy: partition:i maxUnavailable:is
StatefulSetPersistentVolumeClaimRetentionPolicy: whenDeleted:s whenScaled:s
StatefulSetOrdinals: start:i
StatefulSetStatus: observedGeneration:l replicas:i readyReplicas:i currentReplicas:i updatedReplicas:i
  currentRevision:s updateRevision:s collisionCount:i conditions:[StatefulSetCondition]@type availableReplicas:i
StatefulSetCondition: type:s status:s lastTransitionTime:t reason:s message:s
DaemonSet: spec:DaemonSetSpec status:DaemonSetStatus
DaemonSetSpec: selector:LabelSelector template:PodTemplateSpec updateStrategy:DaemonSetUpdateStrategy
  minReadySeconds:i revisionHistoryLimit:i
DaemonSetUpdateStrategy: type:s rollingUpdate:RollingUpdateDaemonSet
RollingUpdateDaemonSet: maxUnavailable:is maxSurge:is
DaemonSetStatus: currentNumberScheduled:i numberMisscheduled:i desiredNumberScheduled:i numberReady:i
  observedGeneration:l updatedNumberScheduled:i numberAvailable:i numberUnavailable:i collisionCount:i
  conditions:[DaemonSetCondition]@type
DaemonSetCondition: type:s status:s lastTransitionTime:t reason:s message:s
ControllerRevision: data:* revision:l
Scale: spec:ScaleSpec status:ScaleStatus
ScaleSpec: replicas:i
ScaleStatus: replicas:i selector:s
Job: spec:JobSpec status:JobStatus
JobSpec: parallelism:i completions:i activeDeadlineSeconds:l podFailurePolicy:PodFailurePolicy
  successPolicy:SuccessPolicy backoffLimit:i backoffLimitPerIndex:i maxFailedIndexes:i selector:LabelSelector
  manualSelector:b template:PodTemplateSpec ttlSecondsAfterFinished:i completionMode:s suspend:b
  podReplacementPolicy:s managedBy:s
PodFailurePolicy: rules:[PodFailurePolicyRule]
PodFailurePolicyRule: action:s onExitCodes:PodFailurePolicyOnExitCodesRequirement
  onPodConditions:[PodFailurePolicyOnPodConditionsPattern]
PodFailurePolicyOnExitCodesRequirement: containerName:s operator:s values:[i]=set
PodFailurePolicyOnPodConditionsPattern: type:s status:s
SuccessPolicy: rules:[SuccessPolicyRule]
SuccessPolicyRule: succeededIndexes:s succeededCount:i
JobStatus: conditions:[JobCondition]~type startTime:t completionTime:t active:i succeeded:i failed:i terminating:i
  completedIndexes:s failedIndexes:s uncountedTerminatedPods:UncountedTerminatedPods ready:i
JobCondition: type:s status:s lastProbeTime:t lastTransitionTime:t reason:s message:s
UncountedTerminatedPods: succeeded:[s]=set failed:[s]=set
CronJob: spec:CronJobSpec status:CronJobStatus
CronJobSpec: schedule:s timeZone:s startingDeadlineSeconds:l concurrencyPolicy:s suspend:b
  jobTemplate:JobTemplateSpec successfulJobsHistoryLimit:i failedJobsHistoryLimit:i
JobTemplateSpec: metadata:ObjectMeta spec:JobSpec
CronJobStatus: active:[ObjectReference] lastScheduleTime:t lastSuccessfulTime:t
HorizontalPodAutoscaler: spec:HorizontalPodAutoscalerSpec status:HorizontalPodAutoscalerStatus
HorizontalPodAutoscalerSpec: scaleTargetRef:CrossVersionObjectReference minReplicas:i maxReplicas:i
  metrics:[MetricSpec] behavior:HorizontalPodAutoscalerBehavior
CrossVersionObjectReference: kind:s name:s apiVersion:s
MetricSpec: type:s object:ObjectMetricSource pods:PodsMetricSource resource:ResourceMetricSource
  containerResource:ContainerResourceMetricSource external:ExternalMetricSource
ObjectMetricSource: describedObject:CrossVersionObjectReference target:MetricTarget metric:MetricIdentifier
PodsMetricSource: metric:MetricIdentifier target:MetricTarget
ResourceMetricSource: name:s target:MetricTarget
ContainerResourceMetricSource: name:s target:MetricTarget container:s
ExternalMetricSource: metric:MetricIdentifier target:MetricTarget
MetricIdentifier: name:s selector:LabelSelector
MetricTarget: type:s value:q averageValue:q averageUtilization:i
HorizontalPodAutoscalerBehavior: scaleUp:HPAScalingRules scaleDown:HPAScalingRules
HPAScalingRules: stabilizationWindowSeconds:i selectPolicy:s policies:[HPAScalingPolicy] tolerance:q
HPAScalingPolicy: type:s value:i periodSeconds:i
HorizontalPodAutoscalerStatus: observedGeneration:l lastScaleTime:t currentReplicas:i desiredReplicas:i
  currentMetrics:[MetricStatus] conditions:[HorizontalPodAutoscalerCondition]@type
HorizontalPodAutoscalerCondition: type:s status:s lastTransitionTime:t reason:s message:s
MetricStatus: type:s object:ObjectMetricStatus pods:PodsMetricStatus resource:ResourceMetricStatus
  containerResource:ContainerResourceMetricStatus external:ExternalMetricStatus
ObjectMetricStatus: metric:MetricIdentifier current:MetricValueStatus describedObject:CrossVersionObjectReference
PodsMetricStatus: metric:MetricIdentifier current:MetricValueStatus
ResourceMetricStatus: name:s current:MetricValueStatus
ContainerResourceMetricStatus: name:s current:MetricValueStatus container:s
ExternalMetricStatus: metric:MetricIdentifier current:MetricValueStatus
MetricValueStatus: value:q averageValue:q averageUtilization:i
PodDisruptionBudget: spec:PodDisruptionBudgetSpec status:PodDisruptionBudgetStatus
PodDisruptionBudgetSpec: minAvailable:is selector:LabelSelector! maxUnavailable:is unhealthyPodEvictionPolicy:s
PodDisruptionBudgetStatus: observedGeneration:l disruptedPods:{t} disruptionsAllowed:i currentHealthy:i
  desiredHealthy:i expectedPods:i conditions:[Condition]@type
Lease: spec:LeaseSpec
LeaseSpec: holderIdentity:s leaseDurationSeconds:i acquireTime:mt renewTime:mt leaseTransitions:i strategy:s
  preferredHolder:s
EndpointSlice: addressType:s endpoints:[Endpoint] ports:[discovery.EndpointPort]
Endpoint: addresses:[s]=set conditions:EndpointConditions hostname:s targetRef:ObjectReference
  deprecatedTopology:{s} nodeName:s zone:s hints:EndpointHints
EndpointConditions: ready:b serving:b terminating:b
EndpointHints: forZones:[ForZone] forNodes:[ForNode]
ForZone: name:s
ForNode: name:s
discovery.EndpointPort%: name:s protocol:s port:i appProtocol:s
Ingress: spec:IngressSpec status:IngressStatus
IngressSpec: ingressClassName:s defaultBackend:IngressBackend tls:[IngressTLS] rules:[IngressRule]
IngressTLS: hosts:[s] secretName:s
IngressRule: host:s http:HTTPIngressRuleValue
HTTPIngressRuleValue: paths:[HTTPIngressPath]
HTTPIngressPath: path:s pathType:s backend:IngressBackend
IngressBackend: service:IngressServiceBackend resource:TypedLocalObjectReference
IngressServiceBackend: name:s port:ServiceBackendPort
ServiceBackendPort%: name:s number:i
IngressStatus: loadBalancer:IngressLoadBalancerStatus
IngressLoadBalancerStatus: ingress:[IngressLoadBalancerIngress]
IngressLoadBalancerIngress: ip:s hostname:s ports:[IngressPortStatus]
IngressPortStatus: port:i protocol:s error:s
NetworkPolicy: spec:NetworkPolicySpec
NetworkPolicySpec: podSelector:LabelSelector ingress:[NetworkPolicyIngressRule] egress:[NetworkPolicyEgressRule]
  policyTypes:[s]
NetworkPolicyIngressRule: ports:[NetworkPolicyPort] from:[NetworkPolicyPeer]
NetworkPolicyEgressRule: ports:[NetworkPolicyPort] to:[NetworkPolicyPeer]
NetworkPolicyPort: protocol:s port:is endPort:i
NetworkPolicyPeer: podSelector:LabelSelector namespaceSelector:LabelSelector ipBlock:IPBlock
IPBlock: cidr:s except:[s]
Role: rules:[PolicyRule]
ClusterRole: rules:[PolicyRule] aggregationRule:AggregationRule
AggregationRule: clusterRoleSelectors:[LabelSelector]
PolicyRule: verbs:[s] apiGroups:[s] resources:[s] resourceNames:[s] nonResourceURLs:[s]
RoleBinding: subjects:[Subject] roleRef:RoleRef
ClusterRoleBinding: +RoleBinding
RoleRef%: apiGroup:s kind:s name:s
Subject%: kind:s apiGroup:s name:s namespace:s
SelfSubjectReview: status:SelfSubjectReviewStatus
SelfSubjectReviewStatus: userInfo:UserInfo
UserInfo: username:s uid:s groups:[s] extra:*
TokenReview: spec:TokenReviewSpec status:*
TokenReviewSpec: token:s audiences:[s]
SelfSubjectAccessReview: spec:SelfSubjectAccessReviewSpec status:*
SelfSubjectAccessReviewSpec: resourceAttributes:ResourceAttributes nonResourceAttributes:NonResourceAttributes
SubjectAccessReview: spec:SubjectAccessReviewSpec status:*
LocalSubjectAccessReview: +SubjectAccessReview
SubjectAccessReviewSpec: +SelfSubjectAccessReviewSpec user:s groups:[s] extra:* uid:s
ResourceAttributes: namespace:s verb:s group:s version:s resource:s subresource:s name:s fieldSelector:* labelSelector:*
NonResourceAttributes: path:s verb:s
SelfSubjectRulesReview: spec:SelfSubjectRulesReviewSpec status:*
SelfSubjectRulesReviewSpec: namespace:s
"""
