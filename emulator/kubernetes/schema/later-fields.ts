/**
 * Fields that Kubernetes 1.31 to 1.35 added to types of 1.30, which `kubernetes-types` describes: known here,
 * so that no client is told that it wrote a field which does not exist. Their content is not looked at.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/
 */
export const LATER_FIELDS: Readonly<Record<string, readonly string[]>> = {
  "apps/v1.DeploymentStatus": ["terminatingReplicas"],
  "apps/v1.ReplicaSetStatus": ["terminatingReplicas"],
  "autoscaling/v2.HPAScalingRules": ["tolerance"],
  "coordination/v1.LeaseSpec": ["preferredHolder", "strategy"],
  "core/v1.Container": ["restartPolicyRules"],
  "core/v1.ContainerStatus": ["allocatedResourcesStatus", "stopSignal", "user"],
  "core/v1.EnvVarSource": ["fileKeyRef"],
  "core/v1.EphemeralContainer": ["restartPolicyRules"],
  "core/v1.Lifecycle": ["stopSignal"],
  "core/v1.NodeRuntimeHandlerFeatures": ["userNamespaces"],
  "core/v1.NodeStatus": ["declaredFeatures", "features"],
  "core/v1.NodeSystemInfo": ["swap"],
  "core/v1.PodCondition": ["observedGeneration"],
  "core/v1.PodSecurityContext": ["seLinuxChangePolicy", "supplementalGroupsPolicy"],
  "core/v1.PodSpec": ["hostnameOverride", "resources", "workloadRef"],
  "core/v1.PodStatus": [
    "allocatedResources",
    "extendedResourceClaimStatus",
    "observedGeneration",
    "resources",
  ],
  "core/v1.ResourceClaim": ["request"],
  "core/v1.Volume": ["image"],
  "core/v1.VolumeProjection": ["podCertificate"],
  "storage/v1.CSIDriverSpec": [
    "nodeAllocatableUpdatePeriodSeconds",
    "serviceAccountTokenInSecrets",
  ],
};
