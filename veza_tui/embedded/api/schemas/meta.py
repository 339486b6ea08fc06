"""Fields of metadata and of types that every group shares. The notation is explained in ``schema.py``."""

TYPES = """
ObjectMeta: name:s generateName:s namespace:s selfLink:s uid:s resourceVersion:s generation:l creationTimestamp:t
  deletionTimestamp:t deletionGracePeriodSeconds:l labels:{s} annotations:{s} ownerReferences:[OwnerReference]@uid
  finalizers:[s]=set~ managedFields:[ManagedFieldsEntry]
OwnerReference%: apiVersion:s kind:s name:s uid:s controller:b blockOwnerDeletion:b
ManagedFieldsEntry: manager:s operation:s apiVersion:s time:t fieldsType:s fieldsV1:* subresource:s
LabelSelector%: matchLabels:{s} matchExpressions:[LabelSelectorRequirement]
LabelSelectorRequirement: key:s operator:s values:[s]
Condition: type:s status:s observedGeneration:l lastTransitionTime:t reason:s message:s
ObjectReference%: kind:s namespace:s name:s uid:s apiVersion:s resourceVersion:s fieldPath:s
LocalObjectReference%: name:s
TypedLocalObjectReference%: apiGroup:s kind:s name:s
TypedObjectReference: apiGroup:s kind:s name:s namespace:s
DeleteOptions: gracePeriodSeconds:l preconditions:Preconditions orphanDependents:b propagationPolicy:s dryRun:[s]
  ignoreStoreReadErrorWithClusterBreakingPotential:b
Preconditions: uid:s resourceVersion:s
"""
