import { isObject } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { toCloudEvent, toEventGridEvent } from "./grid-event.ts";
import type { GridEvent } from "./grid-event.ts";

/** A key is the path of a field in either schema, such as `subject`, `eventtype`, `data.nodePoolName`. */
export function valueAt(event: GridEvent, key: string): unknown {
  const fields: JsonObject = { ...toEventGridEvent(event), ...toCloudEvent(event) };
  return key.split(".").reduce<unknown>((value, part) => memberIgnoringCase(value, part), fields);
}

function memberIgnoringCase(value: unknown, name: string): unknown {
  if (!isObject(value)) return undefined;
  const found = Object.keys(value).find((key) => key.toLowerCase() === name.toLowerCase());
  return found === undefined ? undefined : value[found];
}
