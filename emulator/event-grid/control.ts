import { isObject, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import type { ControlService, WireReply, WireRequest } from "../service.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { DeliveryFaults, EventCounters } from "./delivery.ts";

export interface EventGridControl {
  readonly counters: EventCounters;
  readonly deadLetters: DeadLetters;
  readonly setDelivery: (faults: DeliveryFaults) => void;
  /** Publishes an event that Azure would emit by itself; false when no topic type has such events. */
  readonly emit: (event: EmittedEvent) => boolean;
}

export interface EmittedEvent {
  readonly type: string;
  readonly source: string;
  readonly subject: string | undefined;
  readonly data: unknown;
}

/**
 * `GET /_emulator/events` (counters), `POST /_emulator/events {type, source, subject?, data}` (an event of
 * Azure that the world does not make, such as NewKubernetesVersionAvailable),
 * `POST /_emulator/delivery {duplicates?, shuffle?, lose?, seed?}`, `GET /_emulator/dead-letters`.
 */
export function createEventGridControl(control: EventGridControl): ControlService {
  return {
    calls: [
      "GET /_emulator/events",
      "POST /_emulator/events {type, source, subject?, data}",
      "POST /_emulator/delivery {duplicates?, shuffle?, lose?, seed?}",
      "GET /_emulator/dead-letters",
    ],
    handle(request) {
      switch (`${request.method} ${request.path.toLowerCase().replace(/\/$/, "")}`) {
        case "GET /_emulator/events":
          return { status: 200, body: control.counters };
        case "POST /_emulator/events":
          return emit(control, request);
        case "POST /_emulator/delivery":
          return setDelivery(control, request);
        case "GET /_emulator/dead-letters":
          return { status: 200, body: { value: control.deadLetters.list() } };
        default:
          return undefined;
      }
    },
  };
}

function emit(control: EventGridControl, request: WireRequest): WireReply {
  const body = parseBody(request);
  const type = body && textAt(body, "type");
  const source = body && textAt(body, "source");
  if (!body || !type || !source) return refused("type and source are required");
  const event = { type, source, subject: textAt(body, "subject"), data: body["data"] };
  return control.emit(event) ? { status: 202 } : refused(`Azure emits no events of type ${type}`);
}

function setDelivery(control: EventGridControl, request: WireRequest): WireReply {
  const body = parseBody(request);
  const faults = body && parseFaults(body);
  if (!faults) {
    return refused("duplicates (0-100), shuffle (boolean), lose (0-1) and seed (integer) expected");
  }
  control.setDelivery(faults);
  return { status: 200, body: faults };
}

/** More copies than anyone would believe in: a typing error must not fill the memory. */
const MAX_DUPLICATES = 100;

function parseFaults(body: JsonObject): DeliveryFaults | undefined {
  const { duplicates = 0, shuffle = false, lose = 0, seed = 0 } = body;
  const isCount = Number.isInteger(duplicates) && Number(duplicates) >= 0;
  if (!isCount || Number(duplicates) > MAX_DUPLICATES) return undefined;
  if (typeof shuffle !== "boolean" || !Number.isInteger(seed)) return undefined;
  if (typeof lose !== "number" || !(lose >= 0 && lose <= 1)) return undefined;
  return { duplicates: Number(duplicates), shuffle, lose, seed: Number(seed) };
}

function parseBody(request: WireRequest): JsonObject | undefined {
  try {
    const body: unknown = JSON.parse(request.body.toString("utf8") || "{}");
    return isObject(body) ? body : undefined;
  } catch {
    return undefined;
  }
}

function refused(message: string): WireReply {
  return { status: 400, body: { error: { code: "BadRequest", message } } };
}
