import type { Event as CoreEvent } from "kubernetes-types/core/v1.js";
import type { Event } from "kubernetes-types/events/v1.js";
import type { Cluster, NodeEvent } from "../../shared/simulator/model.ts";
import { guidFrom } from "../guid.ts";
import { ageOf } from "./age.ts";
import { toTime } from "./object.ts";
import type { Column, Resource, View } from "./resource.ts";
import { whyUnschedulable } from "./unschedulable.ts";

/** AKS writes the events of an upgrade into this namespace. */
const NODE_NAMESPACE = "default";

/** Something that was told of an object. */
interface Told extends Pick<NodeEvent, "at" | "type" | "reason" | "message" | "count"> {
  readonly namespace: string;
  readonly name: string;
  readonly component: string;
  readonly about: CoreEvent["involvedObject"];
}

const names = {
  version: "v1",
  plural: "events",
  singular: "event",
  kind: "Event",
  namespaced: true,
  shortNames: ["ev"],
  categories: [],
  subresources: [],
  changes: "compared",
  dependsOn: ["events", "pods"],
} as const;

export const coreEvents: Resource<Told, CoreEvent> = {
  ...names,
  group: "",
  selectableFields: [
    "metadata.name",
    "metadata.namespace",
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.fieldPath",
    "reason",
    "type",
  ],
  columns: columns<CoreEvent>(({ lastTimestamp, involvedObject, message, count, source }) => ({
    component: source?.component,
    lastSeen: lastTimestamp,
    object: involvedObject,
    message,
    count,
  })),
  sources: eventsOf,
  phase: () => "",
  create: (cluster, desired) => remember(cluster, desired, fromCore(desired)),
  update: (cluster, _current, desired) => remember(cluster, desired, fromCore(desired)),
  render: (event, view) => ({
    apiVersion: "v1",
    kind: "Event",
    metadata: metadata(event, view),
    involvedObject: event.about,
    type: event.type,
    reason: event.reason,
    message: event.message,
    count: event.count,
    firstTimestamp: toTime(event.at),
    lastTimestamp: toTime(event.at),
    source: { component: event.component },
    reportingComponent: event.component,
    reportingInstance: "",
  }),
};

export const events: Resource<Told, Event> = {
  ...names,
  group: "events.k8s.io",
  selectableFields: [
    "metadata.name",
    "metadata.namespace",
    "regarding.kind",
    "regarding.namespace",
    "regarding.name",
    "regarding.uid",
    "reason",
    "type",
  ],
  columns: columns<Event>((event) => ({
    component: event.reportingController,
    lastSeen: event.deprecatedLastTimestamp,
    object: event.regarding,
    message: event.note,
    count: event.deprecatedCount,
  })),
  sources: eventsOf,
  phase: () => "",
  create: (cluster, desired) => remember(cluster, desired, fromEvents(desired)),
  update: (cluster, _current, desired) => remember(cluster, desired, fromEvents(desired)),
  render: (event, view) => ({
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: metadata(event, view),
    eventTime: new Date(event.at).toISOString().replace("Z", "000Z"),
    regarding: event.about,
    type: event.type,
    reason: event.reason,
    note: event.message,
    deprecatedCount: event.count,
    deprecatedFirstTimestamp: toTime(event.at),
    deprecatedLastTimestamp: toTime(event.at),
    deprecatedSource: { component: event.component },
    reportingController: event.component,
    reportingInstance: "",
  }),
};

/** What clients told; the oldest makes room, as on a real server after an hour. */
const byClients = new WeakMap<Cluster, Map<string, Told>>();
const MAX_CLIENT_EVENTS = 1_000;

type Content = Pick<Told, "type" | "reason" | "message" | "count" | "component" | "about"> & {
  readonly time: string | undefined;
};

function remember(cluster: Cluster, { metadata }: CoreEvent | Event, content: Content): void {
  const events = byClients.get(cluster) ?? new Map<string, Told>();
  byClients.set(cluster, events);
  const { name = "", namespace = NODE_NAMESPACE } = metadata ?? {};
  const { time, ...rest } = content;
  const told = Date.parse(String(time));
  const at = Number.isNaN(told) ? cluster.createdAt : told;
  events.set(`${namespace}/${name}`, { ...rest, at, name, namespace });
  const [oldest] = events.keys();
  if (events.size > MAX_CLIENT_EVENTS && oldest !== undefined) events.delete(oldest);
}

function fromCore(event: CoreEvent): Content {
  const { reason = "", message = "", count = 1, source, involvedObject } = event;
  return {
    type: typeOf(event.type),
    reason,
    message,
    count,
    component: source?.component ?? event.reportingComponent ?? "",
    about: involvedObject,
    time: event.lastTimestamp ?? event.firstTimestamp ?? event.eventTime,
  };
}

function fromEvents(event: Event): Content {
  const { reason = "", note = "", regarding = {}, series } = event;
  return {
    type: typeOf(event.type),
    reason,
    message: note,
    count: series?.count ?? event.deprecatedCount ?? 1,
    component: event.reportingController ?? "",
    about: regarding,
    time: series?.lastObservedTime ?? event.eventTime,
  };
}

function typeOf(type: string | undefined): Told["type"] {
  return type === "Warning" ? "Warning" : "Normal";
}

function eventsOf(cluster: Cluster): ReadonlyMap<string, Told> {
  const clients = byClients.get(cluster)?.values() ?? [];
  const told = [...cluster.nodeEvents.map(ofNode), ...pendingPods(cluster), ...clients];
  return new Map(told.map((event) => [`${event.namespace}/${event.name}`, event]));
}

/** The uid is the node's name: that is what the kubelet writes and `kubectl describe node` asks for. */
function ofNode(event: NodeEvent): Told {
  const { at, node, type, reason, message, count } = event;
  return {
    at,
    type,
    reason,
    message,
    count,
    namespace: NODE_NAMESPACE,
    name: eventName(node, [node, reason, message, at]),
    component: "upgrader",
    about: { kind: "Node", apiVersion: "v1", name: node, uid: node },
  };
}

/** The scheduler says of a pod for as long as it waits why no node takes it. */
function pendingPods(cluster: Cluster): Told[] {
  const waiting = [...cluster.pods.values()].filter(
    ({ node, phase }) => node === undefined && phase === "Pending",
  );
  return waiting.map((pod) => ({
    at: pod.createdAt,
    type: "Warning",
    reason: "FailedScheduling",
    message: whyUnschedulable(cluster, pod),
    count: 1,
    namespace: pod.namespace,
    name: eventName(pod.name, [pod.uid]),
    component: "default-scheduler",
    about: {
      kind: "Pod",
      apiVersion: "v1",
      namespace: pod.namespace,
      name: pod.name,
      uid: pod.uid,
    },
  }));
}

/** The world's events have no names: the object's, then a hash of what tells two events of it apart. */
function eventName(object: string, identity: readonly unknown[]): string {
  return `${object}.${guidFrom(identity.join("\n")).replaceAll("-", "").slice(0, 16)}`;
}

function metadata({ name, namespace, at }: Told, view: View): NonNullable<CoreEvent["metadata"]> {
  return {
    name,
    namespace,
    uid: guidFrom(`${view.cluster.id}/events/${name}`),
    creationTimestamp: toTime(at),
  };
}

interface EventText {
  readonly lastSeen: string | undefined;
  readonly object: { readonly kind?: string; readonly name?: string } | undefined;
  readonly message: string | undefined;
  readonly count: number | undefined;
  readonly component: string | undefined;
}

function columns<Body extends CoreEvent | Event>(
  read: (event: Body) => EventText,
): readonly Column<Body>[] {
  const wide = { type: "string", description: "", priority: 1 } as const;
  const shown = { type: "string", description: "", priority: 0 } as const;
  const seen = (event: Body, now: number): string => ageOf(read(event).lastSeen, now);
  return [
    { ...shown, name: "Last Seen", value: seen },
    { ...shown, name: "Type", value: ({ type }) => type ?? "" },
    { ...shown, name: "Reason", value: ({ reason }) => reason ?? "" },
    { ...shown, name: "Object", value: (event) => objectText(read(event).object) },
    { ...wide, name: "Subobject", value: () => "" },
    { ...wide, name: "Source", value: (event) => read(event).component ?? "" },
    { ...shown, name: "Message", value: (event) => read(event).message ?? "" },
    { ...wide, name: "First Seen", value: seen },
    { ...wide, name: "Count", type: "integer", value: (event) => read(event).count ?? 1 },
    {
      ...wide,
      name: "Name",
      format: "name",
      value: ({ metadata }) => metadata?.name ?? "",
    },
  ];
}

function objectText(object: EventText["object"]): string {
  return `${(object?.kind ?? "").toLowerCase()}/${object?.name ?? ""}`;
}
