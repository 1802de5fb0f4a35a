import type { Cluster, Instant, Transition } from "../../shared/simulator/model.ts";
import type { KubernetesObject } from "./object.ts";

type WorldResource = Extract<Transition, { kind: "object" }>["resource"];

/** What a renderer sees beside the thing it renders. */
export interface View {
  readonly cluster: Cluster;
  readonly now: Instant;
  /** When the thing entered its present phase, if somebody looked at it since. */
  readonly phaseSince: Instant | undefined;
}

export interface Column<Body> {
  readonly name: string;
  readonly type: "string" | "integer";
  readonly format?: "name";
  readonly description: string;
  /** 0 is always shown, 1 with `-o wide`. */
  readonly priority: 0 | 1;
  value(body: Body, now: Instant): string | number;
}

export interface ObjectName {
  readonly namespace: string | undefined;
  readonly name: string;
}

export interface RemoveOptions {
  /** Absent: the object's own. */
  readonly graceSeconds?: number;
  /** For what a controller finishes after the answer is sent. */
  later(task: () => void): void;
}

interface Subresource {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

export const SCALE: Subresource = {
  name: "scale",
  group: "autoscaling",
  version: "v1",
  kind: "Scale",
  verbs: ["get", "patch", "update"],
};

/** The subresource in which controllers write what is so. */
export function statusOf(group: string, kind: string): Subresource {
  return { name: "status", group, version: "v1", kind, verbs: ["get", "patch", "update"] };
}

/**
 * One kind of object that the API serves: its names, where the world keeps it, how it looks on the
 * wire and what a client may do to it. Everything else (lists, watches, tables, patches) is generic.
 */
export interface Resource<Source = unknown, Body extends KubernetesObject = KubernetesObject> {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: readonly Subresource[];
  /** Field selectors that the real server supports for this kind. */
  readonly selectableFields: readonly string[];
  readonly columns: readonly Column<Body>[];
  /**
   * `told`: each change arrives as a transition that names the object. `compared`: what the API shows
   * depends on other objects (a budget's status on pods), so that changes are found by rendering again.
   */
  readonly changes: "told" | "compared";
  /** How often what it shows changes by itself (heartbeats), on whole multiples of virtual time. */
  readonly beatMilliseconds?: number;
  /** The world's objects whose transitions may change this kind. */
  readonly dependsOn: readonly WorldResource[];
  /** By `<namespace>/<name>`, or name when not namespaced. */
  sources(cluster: Cluster): ReadonlyMap<string, Source>;
  /** A word that changes when the object's conditions do; its time becomes `phaseSince`. */
  phase(source: Source, cluster: Cluster): string;
  render(source: Source, view: View): Body;
  /** What a client wrote, with defaults; throws for what the API server would refuse. */
  admit?(desired: Body, current: Body | undefined): Body;
  create?(cluster: Cluster, desired: Body): void;
  update?(cluster: Cluster, current: Body, desired: Body): void;
  /** Keeps what others write of an object's state. */
  updateStatus?(cluster: Cluster, current: Body, desired: Body): void;
  /** Why nobody may make one. */
  readonly absence?: string;
  /** A collection of these may not be deleted at once. */
  readonly oneByOne?: boolean;
  /** Measured anew each time, so that there is nothing to wait for. */
  readonly unwatched?: boolean;
  remove?(cluster: Cluster, object: ObjectName, options: RemoveOptions): void;
}

export function apiVersionOf(resource: Pick<Resource, "group" | "version">): string {
  return resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
}

export function verbsOf(resource: Resource): readonly string[] {
  return [
    ...(resource.create ? ["create"] : []),
    ...(resource.remove ? ["delete"] : []),
    ...(resource.remove && resource.oneByOne !== true ? ["deletecollection"] : []),
    "get",
    "list",
    ...(resource.update ? ["patch", "update"] : []),
    ...(resource.unwatched === true ? [] : ["watch"]),
  ];
}
