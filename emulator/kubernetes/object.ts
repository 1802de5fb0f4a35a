import type { ObjectMeta } from "kubernetes-types/meta/v1.js";

/** What every Kubernetes object has; the interfaces of `kubernetes-types` all fit it. */
export interface KubernetesObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
}

export type JsonObject = { readonly [field: string]: unknown };

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Journal and world key: `<namespace>/<name>`, or the name of a cluster-scoped object. */
export function objectKey(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

let latest = { instant: Number.NaN, text: "" };

/** Kubernetes writes times in whole seconds, without a fraction. Lists repeat one time after another. */
export function toTime(instant: number): string {
  if (instant === latest.instant) return latest.text;
  latest = { instant, text: `${new Date(instant).toISOString().slice(0, 19)}Z` };
  return latest.text;
}

/** The string map at `field`, for labels and annotations of bodies that a client sent. */
export function stringMap(value: unknown): Record<string, string> {
  if (!isJsonObject(value)) return {};
  const entries = Object.entries(value).filter(([, member]) => typeof member === "string");
  return Object.fromEntries(entries) as Record<string, string>;
}
