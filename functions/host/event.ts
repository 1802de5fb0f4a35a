import * as z from "zod/mini";
import type { ArmId } from "../../shared/core/arm-id.ts";
import type { Logger } from "../../shared/core/logger.ts";

/** Event Grid delivers either of its two schemas, as the subscription says: only what is read here. */
export interface DeliveredEvent {
  readonly id?: unknown;
  /** CloudEvents 1.0. */
  readonly type?: unknown;
  readonly source?: unknown;
  /** Event Grid schema. */
  readonly eventType?: unknown;
  readonly topic?: unknown;
  readonly subject?: unknown;
  readonly data?: unknown;
  /** CloudEvents' distributed tracing: the span that published it. */
  readonly traceparent?: unknown;
  readonly tracestate?: unknown;
}

/** Events that we subscribe to have below 2 kB; Event Grid itself takes 1 MB. */
const MAX_EVENT_CHARACTERS = 64 * 1_024;
/** ARM ids are shorter. */
const MAX_TEXT_CHARACTERS = 1_024;

const text = z.string().check(z.maxLength(MAX_TEXT_CHARACTERS));
const Delivered = z.object({
  id: z.optional(text),
  type: z.optional(text),
  eventType: z.optional(text),
  source: z.optional(text),
  topic: z.optional(text),
  subject: z.optional(text),
  data: z.optional(z.unknown()),
});

const resource = (path: string) =>
  new RegExp(
    `^(/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\\.ContainerService/${path}`,
    "i",
  );
const CLUSTER = resource("managedClusters/[^/]+)$");
const GATE = resource("fleets/[^/]+)/gates/[^/]+$");

/** What each trigger subscribes to: another type came by mistake, or from somebody else. */
const GATE_TYPE = /^Microsoft\.ResourceNotifications\.AksResources\.FleetGate/i;
const ROLLING_TYPE = /^Microsoft\.ContainerService\.NodePoolRolling/i;

interface Read {
  readonly id: string | undefined;
  readonly type: string;
  readonly source: string;
  readonly subject: string;
  readonly data: unknown;
}

/** A sender who means harm nests so deeply that the event cannot be written down again. */
function isSmall(event: DeliveredEvent): boolean {
  try {
    return JSON.stringify(event).length <= MAX_EVENT_CHARACTERS;
  } catch {
    return false;
  }
}

/** The parts of an event that we read; undefined when it is not one that we take. */
function read(event: DeliveredEvent, types: RegExp): Read | undefined {
  if (!isSmall(event)) return undefined;
  const parsed = Delivered.safeParse(event);
  if (!parsed.success) return undefined;
  const { id, source, topic, subject, data } = parsed.data;
  const type = parsed.data.type ?? parsed.data.eventType;
  if (type === undefined || !types.test(type)) return undefined;
  return { id, type, source: source ?? topic ?? "", subject: subject ?? "", data };
}

/** The managed cluster of which a node pool began or ended a rolling upgrade. */
export function clusterOf(event: DeliveredEvent): ArmId | undefined {
  return CLUSTER.exec(read(event, ROLLING_TYPE)?.source ?? "")?.[1];
}

/** The fleet of the gate that a gate event is about. */
export function fleetOf(event: DeliveredEvent): ArmId | undefined {
  return GATE.exec(read(event, GATE_TYPE)?.subject ?? "")?.[1];
}

const IMAGE_TYPE = /^Fleetwright\.NodeImageReleased$/;
const ImageData = z.object({
  region: z.string().check(z.regex(/^[a-z0-9]{1,60}$/)),
  nodeImageVersion: z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9.-]{1,120}$/)),
});

/** The image that `detect-node-images` announced. */
export function imageOf(
  event: DeliveredEvent,
): { readonly region: string; readonly nodeImageVersion: string } | undefined {
  return ImageData.safeParse(read(event, IMAGE_TYPE)?.data).data;
}

export interface VersionEvent {
  readonly cluster: ArmId;
  /** Undefined: a version became available, and what there is is read from Azure. */
  readonly support: { readonly state: "ending" | "ended"; readonly version: string } | undefined;
}

const VERSION_TYPE =
  /^Microsoft\.ContainerService\.(?:NewKubernetesVersionAvailable|ClusterSupport(Ending|Ended))$/i;
const SupportData = z.object({
  kubernetesVersion: z.string().check(z.regex(/^\d{1,2}\.\d{1,3}(\.\d{1,3})?$/)),
});

/** What Azure says of a cluster's Kubernetes version. */
export function versionEventOf(event: DeliveredEvent): VersionEvent | undefined {
  const found = read(event, VERSION_TYPE);
  const cluster = CLUSTER.exec(found?.source ?? "")?.[1];
  const type = VERSION_TYPE.exec(found?.type ?? "");
  if (!found || !cluster || !type) return undefined;
  if (type[1] === undefined) return { cluster, support: undefined };
  const data = SupportData.safeParse(found.data);
  if (!data.success) return undefined;
  const state = type[1].toLowerCase() === "ended" ? "ended" : "ending";
  return { cluster, support: { state, version: data.data.kubernetesVersion } };
}

/** Every line that an event leads to names it: event → decision → effect. */
export function loggerOf(logger: Logger, event: DeliveredEvent): Logger {
  if (typeof event.id !== "string") return logger;
  const because = { event: event.id.slice(0, MAX_TEXT_CHARACTERS) };
  return {
    info: (message, fields) => logger.info(message, { ...fields, ...because }),
    warn: (message, fields) => logger.warn(message, { ...fields, ...because }),
    error: (message, fields) => logger.error(message, { ...fields, ...because }),
  };
}
