/** Node labels that AKS writes and everybody reads. Source: https://learn.microsoft.com/azure/aks/upgrade-options */
export const UPGRADE_STATUS_LABEL = "kubernetes.azure.com/upgrade-status";
export const QUARANTINED = "Quarantined";
export const NODE_IMAGE_LABEL = "kubernetes.azure.com/node-image-version";
export const NODE_POOL_LABEL = "kubernetes.azure.com/agentpool";
