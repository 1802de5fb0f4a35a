/** Node labels that AKS writes and everybody reads. Source: https://learn.microsoft.com/azure/aks/upgrade-options */
export const UPGRADE_STATUS_LABEL = "kubernetes.azure.com/upgrade-status";
export const QUARANTINED = "Quarantined";
export const NODE_IMAGE_LABEL = "kubernetes.azure.com/node-image-version";
export const NODE_POOL_LABEL = "kubernetes.azure.com/agentpool";
/** Ours, on a node that we cordoned: what somebody else cordoned is not ours to uncordon. */
export const CORDONED_BY_ANNOTATION = "fleetwright.dev/cordoned-by";
