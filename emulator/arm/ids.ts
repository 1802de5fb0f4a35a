import { armKey } from "../../shared/core/arm-id.ts";

const NAMESPACE = "Microsoft.ContainerService";

/** The id under which the world knows a cluster: lower-cased, because ARM compares ids without case. */
export function clusterKey(subscription: string, resourceGroup: string, name: string): string {
  return armKey(clusterId(subscription, resourceGroup, name));
}

/** AKS spells `resourcegroups` in lower case in the ids it returns. */
export function clusterId(subscription: string, resourceGroup: string, name: string): string {
  return `/subscriptions/${subscription}/resourcegroups/${resourceGroup}/providers/${NAMESPACE}/managedClusters/${name}`;
}

export function snapshotId(subscription: string, resourceGroup: string, name: string): string {
  return `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/${NAMESPACE}/snapshots/${name}`;
}

/** The id under which the world knows a fleet. */
export function fleetKey(subscription: string, resourceGroup: string, name: string): string {
  return armKey(fleetId(subscription, resourceGroup, name));
}

export function fleetId(subscription: string, resourceGroup: string, name: string): string {
  return `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/${NAMESPACE}/fleets/${name}`;
}
