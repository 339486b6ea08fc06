"""Fields of apps, batch, autoscaling, policy, coordination, discovery, networking, rbac and the reviews."""

TYPES = """
Deployment: spec:DeploymentSpec#2 status:DeploymentStatus#3
DeploymentSpec: replicas:i#1 selector:LabelSelector#2 template:PodTemplateSpec#3 strategy:DeploymentStrategy^#4
  minReadySeconds:i#5 revisionHistoryLimit:i#6 paused:b#7 progressDeadlineSeconds:i#9
DeploymentStrategy: type:s#1 rollingUpdate:RollingUpdateDeployment#2
RollingUpdateDeployment: maxUnavailable:is#1 maxSurge:is#2
DeploymentStatus: observedGeneration:l#1 replicas:i#2 updatedReplicas:i#3 readyReplicas:i#7 availableReplicas:i#4
  unavailableReplicas:i#5 conditions:[DeploymentCondition]@type#6 collisionCount:i#8 terminatingReplicas:i#9
DeploymentCondition: type:s#1 status:s#2 lastUpdateTime:t#6 lastTransitionTime:t#7 reason:s#4 message:s#5
ReplicaSet: spec:ReplicaSetSpec#2 status:ReplicaSetStatus#3
ReplicaSetSpec: replicas:i#1 minReadySeconds:i#4 selector:LabelSelector#2 template:PodTemplateSpec#3
ReplicaSetStatus: replicas:i#1 fullyLabeledReplicas:i#2 readyReplicas:i#4 availableReplicas:i#5 observedGeneration:l#3
  conditions:[ReplicaSetCondition]@type#6 terminatingReplicas:i#7
ReplicaSetCondition: type:s#1 status:s#2 lastTransitionTime:t#3 reason:s#4 message:s#5
ReplicationController: spec:ReplicationControllerSpec#2 status:ReplicationControllerStatus#3
ReplicationControllerSpec: replicas:i#1 minReadySeconds:i#4 selector:{s}%#2 template:PodTemplateSpec#3
ReplicationControllerStatus: replicas:i#1 fullyLabeledReplicas:i#2 readyReplicas:i#4 availableReplicas:i#5
  observedGeneration:l#3 conditions:[ReplicaSetCondition]@type#6
StatefulSet: spec:StatefulSetSpec#2 status:StatefulSetStatus#3
StatefulSetSpec: replicas:i#1 selector:LabelSelector#2 template:PodTemplateSpec#3 serviceName:s#5
  podManagementPolicy:s#6 volumeClaimTemplates:[VolumeClaim]#4 updateStrategy:StatefulSetUpdateStrategy#7
  revisionHistoryLimit:i#8 minReadySeconds:i#9
  persistentVolumeClaimRetentionPolicy:StatefulSetPersistentVolumeClaimRetentionPolicy#10
  ordinals:StatefulSetOrdinals#11
StatefulSetUpdateStrategy: type:s#1 rollingUpdate:RollingUpdateStatefulSetStrategy#2
RollingUpdateStatefulSetStrategy: partition:i#1 maxUnavailable:is#2
StatefulSetPersistentVolumeClaimRetentionPolicy: whenDeleted:s#1 whenScaled:s#2
StatefulSetOrdinals: start:i#1
StatefulSetStatus: observedGeneration:l#1 replicas:i#2 readyReplicas:i#3 currentReplicas:i#4 updatedReplicas:i#5
  currentRevision:s#6 updateRevision:s#7 collisionCount:i#9 conditions:[StatefulSetCondition]@type#10
  availableReplicas:i#11
StatefulSetCondition: type:s#1 status:s#2 lastTransitionTime:t#3 reason:s#4 message:s#5
DaemonSet: spec:DaemonSetSpec#2 status:DaemonSetStatus#3
DaemonSetSpec: selector:LabelSelector#1 template:PodTemplateSpec#2 updateStrategy:DaemonSetUpdateStrategy#3
  minReadySeconds:i#4 revisionHistoryLimit:i#6
DaemonSetUpdateStrategy: type:s#1 rollingUpdate:RollingUpdateDaemonSet#2
RollingUpdateDaemonSet: maxUnavailable:is#1 maxSurge:is#2
DaemonSetStatus: currentNumberScheduled:i#1 numberMisscheduled:i#2 desiredNumberScheduled:i#3 numberReady:i#4
  observedGeneration:l#5 updatedNumberScheduled:i#6 numberAvailable:i#7 numberUnavailable:i#8 collisionCount:i#9
  conditions:[DaemonSetCondition]@type#10
DaemonSetCondition: type:s#1 status:s#2 lastTransitionTime:t#3 reason:s#4 message:s#5
ControllerRevision: data:* revision:l#3
Scale: spec:ScaleSpec#2 status:ScaleStatus#3
ScaleSpec: replicas:i#1
ScaleStatus: replicas:i#1 selector:s#2
Job: spec:JobSpec#2 status:JobStatus#3
JobSpec: parallelism:i#1 completions:i#2 activeDeadlineSeconds:l#3 podFailurePolicy:PodFailurePolicy#11
  successPolicy:SuccessPolicy#16 backoffLimit:i#7 backoffLimitPerIndex:i#12 maxFailedIndexes:i#13
  selector:LabelSelector#4 manualSelector:b#5 template:PodTemplateSpec#6 ttlSecondsAfterFinished:i#8
  completionMode:s#9 suspend:b#10 podReplacementPolicy:s#14 managedBy:s#15
PodFailurePolicy: rules:[PodFailurePolicyRule]#1
PodFailurePolicyRule: action:s#1 onExitCodes:PodFailurePolicyOnExitCodesRequirement#2
  onPodConditions:[PodFailurePolicyOnPodConditionsPattern]#3
PodFailurePolicyOnExitCodesRequirement: containerName:s#1 operator:s#2 values:[i]=set#3
PodFailurePolicyOnPodConditionsPattern: type:s#1 status:s#2
SuccessPolicy: rules:[SuccessPolicyRule]#1
SuccessPolicyRule: succeededIndexes:s#1 succeededCount:i#2
JobStatus: conditions:[JobCondition]~type#1 startTime:t#2 completionTime:t#3 active:i#4 succeeded:i#5 failed:i#6
  terminating:i#11 completedIndexes:s#7 failedIndexes:s#10 uncountedTerminatedPods:UncountedTerminatedPods#8 ready:i#9
JobCondition: type:s#1 status:s#2 lastProbeTime:t#3 lastTransitionTime:t#4 reason:s#5 message:s#6
UncountedTerminatedPods: succeeded:[s]=set#1 failed:[s]=set#2
CronJob: spec:CronJobSpec#2 status:CronJobStatus#3
CronJobSpec: schedule:s#1 timeZone:s#8 startingDeadlineSeconds:l#2 concurrencyPolicy:s#3 suspend:b#4
  jobTemplate:JobTemplateSpec#5 successfulJobsHistoryLimit:i#6 failedJobsHistoryLimit:i#7
JobTemplateSpec: metadata:ObjectMeta#1 spec:JobSpec#2
CronJobStatus: active:[ObjectReference]#1 lastScheduleTime:t#4 lastSuccessfulTime:t#5
HorizontalPodAutoscaler: spec:HorizontalPodAutoscalerSpec#2 status:HorizontalPodAutoscalerStatus#3
HorizontalPodAutoscalerSpec: scaleTargetRef:CrossVersionObjectReference#1 minReplicas:i#2 maxReplicas:i#3
  metrics:[MetricSpec]#4 behavior:HorizontalPodAutoscalerBehavior#5
CrossVersionObjectReference: kind:s#1 name:s#2 apiVersion:s#3
MetricSpec: type:s#1 object:ObjectMetricSource#2 pods:PodsMetricSource#3 resource:ResourceMetricSource#4
  containerResource:ContainerResourceMetricSource#7 external:ExternalMetricSource#5
ObjectMetricSource: describedObject:CrossVersionObjectReference#1 target:MetricTarget#2 metric:MetricIdentifier#3
PodsMetricSource: metric:MetricIdentifier#1 target:MetricTarget#2
ResourceMetricSource: name:s#1 target:MetricTarget#2
ContainerResourceMetricSource: name:s#1 target:MetricTarget#2 container:s#3
ExternalMetricSource: metric:MetricIdentifier#1 target:MetricTarget#2
MetricIdentifier: name:s#1 selector:LabelSelector#2
MetricTarget: type:s#1 value:q#2 averageValue:q#3 averageUtilization:i#4
HorizontalPodAutoscalerBehavior: scaleUp:HPAScalingRules#1 scaleDown:HPAScalingRules#2
HPAScalingRules: stabilizationWindowSeconds:i#3 selectPolicy:s#1 policies:[HPAScalingPolicy]#2 tolerance:q#4
HPAScalingPolicy: type:s#1 value:i#2 periodSeconds:i#3
HorizontalPodAutoscalerStatus: observedGeneration:l#1 lastScaleTime:t#2 currentReplicas:i#3 desiredReplicas:i#4
  currentMetrics:[MetricStatus]#5 conditions:[HorizontalPodAutoscalerCondition]@type#6
HorizontalPodAutoscalerCondition: type:s#1 status:s#2 lastTransitionTime:t#3 reason:s#4 message:s#5
MetricStatus: type:s#1 object:ObjectMetricStatus#2 pods:PodsMetricStatus#3 resource:ResourceMetricStatus#4
  containerResource:ContainerResourceMetricStatus#7 external:ExternalMetricStatus#5
ObjectMetricStatus: metric:MetricIdentifier#1 current:MetricValueStatus#2
  describedObject:CrossVersionObjectReference#3
PodsMetricStatus: metric:MetricIdentifier#1 current:MetricValueStatus#2
ResourceMetricStatus: name:s#1 current:MetricValueStatus#2
ContainerResourceMetricStatus: name:s#1 current:MetricValueStatus#2 container:s#3
ExternalMetricStatus: metric:MetricIdentifier#1 current:MetricValueStatus#2
MetricValueStatus: value:q#1 averageValue:q#2 averageUtilization:i#3
autoscaling.v1.HorizontalPodAutoscaler: spec:autoscaling.v1.HorizontalPodAutoscalerSpec#2
  status:autoscaling.v1.HorizontalPodAutoscalerStatus#3
autoscaling.v1.HorizontalPodAutoscalerSpec: scaleTargetRef:CrossVersionObjectReference#1 minReplicas:i#2
  maxReplicas:i#3 targetCPUUtilizationPercentage:i#4
autoscaling.v1.HorizontalPodAutoscalerStatus: observedGeneration:l#1 lastScaleTime:t#2 currentReplicas:i#3
  desiredReplicas:i#4 currentCPUUtilizationPercentage:i#5
PodDisruptionBudget: spec:PodDisruptionBudgetSpec#2 status:PodDisruptionBudgetStatus#3
PodDisruptionBudgetSpec: minAvailable:is#1 selector:LabelSelector!#2 maxUnavailable:is#3
  unhealthyPodEvictionPolicy:s#4
PodDisruptionBudgetStatus: observedGeneration:l#1 disruptedPods:{t}#2 disruptionsAllowed:i#3 currentHealthy:i#4
  desiredHealthy:i#5 expectedPods:i#6 conditions:[Condition]@type#7
Lease: spec:LeaseSpec#2
LeaseSpec: holderIdentity:s#1 leaseDurationSeconds:i#2 acquireTime:mt#3 renewTime:mt#4 leaseTransitions:i#5
  strategy:s#6 preferredHolder:s#7
EndpointSlice: addressType:s#4 endpoints:[Endpoint]#2 ports:[discovery.EndpointPort]#3
Endpoint: addresses:[s]=set#1 conditions:EndpointConditions#2 hostname:s#3 targetRef:ObjectReference#4
  deprecatedTopology:{s}#5 nodeName:s#6 zone:s#7 hints:EndpointHints#8
EndpointConditions: ready:b#1 serving:b#2 terminating:b#3
EndpointHints: forZones:[ForZone]#1 forNodes:[ForNode]#2
ForZone: name:s#1
ForNode: name:s#1
discovery.EndpointPort%: name:s#1 protocol:s#2 port:i#3 appProtocol:s#4
Ingress: spec:IngressSpec#2 status:IngressStatus#3
IngressSpec: ingressClassName:s#4 defaultBackend:IngressBackend#1 tls:[IngressTLS]#2 rules:[IngressRule]#3
IngressTLS: hosts:[s]#1 secretName:s#2
IngressRule: host:s#1 http:HTTPIngressRuleValue#2.1
HTTPIngressRuleValue: paths:[HTTPIngressPath]#1
HTTPIngressPath: path:s#1 pathType:s#3 backend:IngressBackend#2
IngressBackend: service:IngressServiceBackend#4 resource:TypedLocalObjectReference#3
IngressServiceBackend: name:s#1 port:ServiceBackendPort#2
ServiceBackendPort%: name:s#1 number:i#2
IngressStatus: loadBalancer:IngressLoadBalancerStatus#1
IngressLoadBalancerStatus: ingress:[IngressLoadBalancerIngress]#1
IngressLoadBalancerIngress: ip:s#1 hostname:s#2 ports:[IngressPortStatus]#4
IngressPortStatus: port:i#1 protocol:s#2 error:s#3
NetworkPolicy: spec:NetworkPolicySpec#2
NetworkPolicySpec: podSelector:LabelSelector#1 ingress:[NetworkPolicyIngressRule]#2 egress:[NetworkPolicyEgressRule]#3
  policyTypes:[s]#4
NetworkPolicyIngressRule: ports:[NetworkPolicyPort]#1 from:[NetworkPolicyPeer]#2
NetworkPolicyEgressRule: ports:[NetworkPolicyPort]#1 to:[NetworkPolicyPeer]#2
NetworkPolicyPort: protocol:s#1 port:is#2 endPort:i#3
NetworkPolicyPeer: podSelector:LabelSelector#1 namespaceSelector:LabelSelector#2 ipBlock:IPBlock#3
IPBlock: cidr:s#1 except:[s]#2
Role: rules:[PolicyRule]#2
ClusterRole: rules:[PolicyRule]#2 aggregationRule:AggregationRule#3
AggregationRule: clusterRoleSelectors:[LabelSelector]#1
PolicyRule: verbs:[s]#1 apiGroups:[s]#2 resources:[s]#3 resourceNames:[s]#4 nonResourceURLs:[s]#5
RoleBinding: subjects:[Subject]#2 roleRef:RoleRef#3
ClusterRoleBinding: +RoleBinding
RoleRef%: apiGroup:s#1 kind:s#2 name:s#3
Subject%: kind:s#1 apiGroup:s#2 name:s#3 namespace:s#4
SelfSubjectReview: status:SelfSubjectReviewStatus#2
SelfSubjectReviewStatus: userInfo:UserInfo#1
UserInfo: username:s#1 uid:s#2 groups:[s]#3 extra:*
TokenReview: spec:TokenReviewSpec#2 status:*
TokenReviewSpec: token:s#1 audiences:[s]#2
TokenRequest: spec:TokenRequestSpec#2 status:TokenRequestStatus#3
TokenRequestSpec: audiences:[s]#1 expirationSeconds:l#4 boundObjectRef:BoundObjectReference#3
BoundObjectReference: kind:s#1 apiVersion:s#2 name:s#3 uid:s#4
TokenRequestStatus: token:s#1 expirationTimestamp:t#2
SelfSubjectAccessReview: spec:SelfSubjectAccessReviewSpec#2 status:*
SelfSubjectAccessReviewSpec: resourceAttributes:ResourceAttributes#1 nonResourceAttributes:NonResourceAttributes#2
SubjectAccessReview: spec:SubjectAccessReviewSpec#2 status:*
LocalSubjectAccessReview: +SubjectAccessReview
SubjectAccessReviewSpec: +SelfSubjectAccessReviewSpec user:s#3 groups:[s]#4 extra:* uid:s#6
ResourceAttributes: namespace:s#1 verb:s#2 group:s#3 version:s#4 resource:s#5 subresource:s#6 name:s#7 fieldSelector:*
  labelSelector:*
NonResourceAttributes: path:s#1 verb:s#2
SelfSubjectRulesReview: spec:SelfSubjectRulesReviewSpec#2 status:*
SelfSubjectRulesReviewSpec: namespace:s#1
"""
