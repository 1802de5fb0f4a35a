import type { FieldType } from "./definitions.ts";

/**
 * Lists of these merge by a key of their members when a client patches them; every other list is one value. From
 * the `patchMergeKey` marks of the Kubernetes API types, without which a client takes members of a list for lost.
 */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  "core/v1.Container": "name",
  "core/v1.ContainerPort": "containerPort",
  "core/v1.EnvVar": "name",
  "core/v1.EphemeralContainer": "name",
  "core/v1.HostAlias": "ip",
  "core/v1.LocalObjectReference": "name",
  "core/v1.NodeAddress": "type",
  "core/v1.PodIP": "ip",
  "core/v1.PodResourceClaim": "name",
  "core/v1.ServicePort": "port",
  "core/v1.TopologySpreadConstraint": "topologyKey",
  "core/v1.Volume": "name",
  "core/v1.VolumeDevice": "devicePath",
  "core/v1.VolumeMount": "mountPath",
  "meta/v1.OwnerReference": "uid",
};
/** Members of which only the fields that the patch names are kept. */
const RETAINS_KEYS = ["core/v1.PodResourceClaim", "core/v1.Volume"];

export function mergeMarks(type: FieldType): object {
  if (type.kind === "reference") {
    const isStrategy = type.to === "apps/v1.DeploymentStrategy";
    return isStrategy ? { "x-kubernetes-patch-strategy": "retainKeys" } : {};
  }
  if (type.kind !== "list" || type.of.kind !== "reference") return {};
  const { to } = type.of;
  const key = MERGE_KEYS[to] ?? (to.endsWith("Condition") ? "type" : undefined);
  if (key === undefined) return {};
  return {
    "x-kubernetes-patch-merge-key": key,
    "x-kubernetes-patch-strategy": RETAINS_KEYS.includes(to) ? "merge,retainKeys" : "merge",
  };
}
