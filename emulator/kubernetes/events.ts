import type { Event as CoreEvent } from "kubernetes-types/core/v1.js";
import type { Event } from "kubernetes-types/events/v1.js";
import type { Cluster, NodeEvent } from "../../shared/simulator/model.ts";
import { guidFrom } from "../guid.ts";
import { ageOf } from "./age.ts";
import { toTime } from "./object.ts";
import type { Column, Resource, View } from "./resource.ts";

/** AKS writes the events of an upgrade into this namespace. */
const NAMESPACE = "default";
const COMPONENT = "upgrader";

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
  dependsOn: ["events"],
} as const;

export const coreEvents: Resource<NodeEvent, CoreEvent> = {
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
  columns: columns<CoreEvent>(({ lastTimestamp, involvedObject, message, count }) => ({
    lastSeen: lastTimestamp,
    object: involvedObject,
    message,
    count,
  })),
  sources: eventsByName,
  phase: () => "",
  render: (event, view) => ({
    apiVersion: "v1",
    kind: "Event",
    metadata: metadata(event, view),
    involvedObject: nodeReference(event),
    type: event.type,
    reason: event.reason,
    message: event.message,
    count: event.count,
    firstTimestamp: toTime(event.at),
    lastTimestamp: toTime(event.at),
    source: { component: COMPONENT },
    reportingComponent: COMPONENT,
    reportingInstance: "",
  }),
};

export const events: Resource<NodeEvent, Event> = {
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
  columns: columns<Event>(({ deprecatedLastTimestamp, regarding, note, deprecatedCount }) => ({
    lastSeen: deprecatedLastTimestamp,
    object: regarding,
    message: note,
    count: deprecatedCount,
  })),
  sources: eventsByName,
  phase: () => "",
  render: (event, view) => ({
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: metadata(event, view),
    eventTime: new Date(event.at).toISOString().replace("Z", "000Z"),
    regarding: nodeReference(event),
    type: event.type,
    reason: event.reason,
    note: event.message,
    deprecatedCount: event.count,
    deprecatedFirstTimestamp: toTime(event.at),
    deprecatedLastTimestamp: toTime(event.at),
    deprecatedSource: { component: COMPONENT },
    reportingController: COMPONENT,
    reportingInstance: "",
  }),
};

/** The world's events have no names: node, then a hash of what tells two events of it apart. */
function eventsByName(cluster: Cluster): ReadonlyMap<string, NodeEvent> {
  return new Map(cluster.nodeEvents.map((event) => [`${NAMESPACE}/${eventName(event)}`, event]));
}

function eventName(event: NodeEvent): string {
  const identity = guidFrom([event.node, event.reason, event.message, event.at].join("\n"));
  return `${event.node}.${identity.replaceAll("-", "").slice(0, 16)}`;
}

function metadata(event: NodeEvent, view: View): NonNullable<CoreEvent["metadata"]> {
  const name = eventName(event);
  return {
    name,
    namespace: NAMESPACE,
    uid: guidFrom(`${view.cluster.id}/events/${name}`),
    creationTimestamp: toTime(event.at),
  };
}

/** The uid is the node's name: that is what the kubelet writes and `kubectl describe node` asks for. */
function nodeReference({ node }: NodeEvent): CoreEvent["involvedObject"] {
  return { kind: "Node", apiVersion: "v1", name: node, uid: node };
}

interface EventText {
  readonly lastSeen: string | undefined;
  readonly object: { readonly kind?: string; readonly name?: string } | undefined;
  readonly message: string | undefined;
  readonly count: number | undefined;
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
    { ...wide, name: "Source", value: () => COMPONENT },
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
