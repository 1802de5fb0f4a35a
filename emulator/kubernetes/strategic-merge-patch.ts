import { isJsonObject } from "./object.ts";
import type { JsonObject } from "./object.ts";
import { badRequest } from "./status.ts";

/**
 * Lists that merge by a key of their members; every other list is replaced as a whole (so are a
 * node's taints). From the `patchMergeKey` marks of the Kubernetes API types.
 */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  addresses: "type",
  conditions: "type",
  containers: "name",
  env: "name",
  ephemeralContainers: "name",
  hostAliases: "ip",
  imagePullSecrets: "name",
  initContainers: "name",
  ownerReferences: "uid",
  ports: "containerPort",
  topologySpreadConstraints: "topologyKey",
  volumeDevices: "devicePath",
  volumeMounts: "mountPath",
  volumes: "name",
};
const DELETE_FROM_LIST = "$deleteFromPrimitiveList/";
const SELECTOR: readonly string[] = ["selector"];

/** Kubernetes' own patch format, as `kubectl cordon`, `taint` and `edit` send it. */
export function applyStrategicMergePatch(target: unknown, patch: unknown): unknown {
  // The selector of a budget has `patchStrategy: replace`; that of a service is merged.
  const isBudget = isJsonObject(target) && target.kind === "PodDisruptionBudget";
  return merge(target, patch, isBudget ? SELECTOR : []);
}

/** What server-side apply makes of the two: the same, but that every selector is a whole. */
export function mergeApplied(target: unknown, applied: unknown): unknown {
  return merge(target, applied, SELECTOR);
}

function merge(target: unknown, patch: unknown, replaced: readonly string[]): unknown {
  if (!isJsonObject(patch)) return patch;
  if (patch.$patch === "replace") return withoutDirectives(patch);
  if (patch.$patch === "delete") return undefined;
  const result: Record<string, unknown> = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(DELETE_FROM_LIST)) {
      deleteFromList(result, key.slice(DELETE_FROM_LIST.length), value);
    } else if (!key.startsWith("$")) {
      setMember(result, key, mergeMember({ key, target: result[key], patch: value }, replaced));
    }
  }
  return retainKeys(result, patch.$retainKeys);
}

interface Member {
  readonly key: string;
  readonly target: unknown;
  readonly patch: unknown;
}

function mergeMember({ key, target, patch }: Member, replaced: readonly string[]): unknown {
  if (patch === null) return undefined;
  if (replaced.includes(key)) return patch;
  const mergeKey = mergeKeyOf(key, patch);
  if (!Array.isArray(patch) || mergeKey === undefined) return merge(target, patch, replaced);
  return mergeList({ target: Array.isArray(target) ? target : [], patch, mergeKey }, replaced);
}

/** Ports of a service go by `port`, those of a container by `containerPort`. */
function mergeKeyOf(key: string, patch: unknown): string | undefined {
  const isOfService =
    key === "ports" &&
    Array.isArray(patch) &&
    patch.every((port) => !isJsonObject(port) || "port" in port || "$patch" in port);
  return isOfService ? "port" : MERGE_KEYS[key];
}

interface Lists {
  readonly target: readonly unknown[];
  readonly patch: readonly unknown[];
  readonly mergeKey: string;
}

function mergeList({ target, patch, mergeKey }: Lists, replaced: readonly string[]): unknown[] {
  const members = patch.filter(isJsonObject);
  if (members.some((member) => member.$patch === "replace" && !(mergeKey in member))) {
    return members.filter((member) => mergeKey in member).map(withoutDirectives);
  }
  const result = [...target];
  for (const member of members) {
    if (!(mergeKey in member)) {
      throw badRequest(
        `map: ${JSON.stringify(member)} does not contain declared merge key: ${mergeKey}`,
      );
    }
    const index = result.findIndex(
      (old) => isJsonObject(old) && old[mergeKey] === member[mergeKey],
    );
    const merged = merge(result[index], member, replaced);
    if (merged === undefined) result.splice(index, index < 0 ? 0 : 1);
    else if (index < 0) result.push(merged);
    else result[index] = merged;
  }
  return result;
}

function deleteFromList(result: Record<string, unknown>, key: string, values: unknown): void {
  const list = result[key];
  if (!Array.isArray(list) || !Array.isArray(values)) return;
  result[key] = list.filter((member) => !values.includes(member));
}

function setMember(result: Record<string, unknown>, key: string, value: unknown): void {
  if (value === undefined) delete result[key];
  else result[key] = value;
}

function retainKeys(result: Record<string, unknown>, keys: unknown): JsonObject {
  if (!Array.isArray(keys)) return result;
  return Object.fromEntries(Object.entries(result).filter(([key]) => keys.includes(key)));
}

function withoutDirectives(patch: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(patch).filter(([key]) => !key.startsWith("$")));
}
