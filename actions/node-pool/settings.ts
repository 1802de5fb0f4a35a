import { FleetwrightError } from "../../shared/core/errors.ts";
import type { NodePoolSettings } from "../../shared/node-pool/ports.ts";
import { list, optionalChoice, optionalCount, optionalText } from "../runner/inputs.ts";
import {
  BEHAVIORS,
  COUNT_BOUNDS,
  DRAIN_TIMEOUT_BOUNDS,
  MODES,
  NODE_SOAK_BOUNDS,
} from "./inputs.ts";

/** `5` or `33%`, as AKS reads it. */
const SURGE = /^(\d{1,4}|(100|\d{1,2})%)$/;

/** What the inputs say about a pool; inputs that are empty say nothing. */
export function readSettings(): NodePoolSettings {
  return defined({
    count: optionalCount("count", COUNT_BOUNDS),
    mode: optionalChoice("mode", MODES),
    vmSize: optionalText("vm-size"),
    labels: pairs("node-labels", list("node-labels")),
    taints: some(list("node-taints")),
    zones: some(list("zones")),
    maxSurge: surge(optionalText("max-surge")),
    undrainableNodeBehavior: optionalChoice("undrainable-node-behavior", BEHAVIORS),
    drainTimeoutMinutes: optionalCount("drain-timeout-minutes", DRAIN_TIMEOUT_BOUNDS),
    nodeSoakMinutes: optionalCount("node-soak-minutes", NODE_SOAK_BOUNDS),
  });
}

function surge(text: string | undefined): string | undefined {
  if (text === undefined || SURGE.test(text)) return text;
  throw new FleetwrightError("invalid-input", `input max-surge is ${JSON.stringify(text)}`, {
    remedy: "use a number of nodes such as `2` or a share such as `33%`",
  });
}

function pairs(
  name: string,
  values: readonly string[],
): Readonly<Record<string, string>> | undefined {
  const texts = some(values);
  return texts && Object.fromEntries(texts.map((text) => pair(name, text)));
}

function pair(name: string, text: string): readonly [string, string] {
  const cut = text.indexOf("=");
  if (cut > 0) return [text.slice(0, cut), text.slice(cut + 1)];
  throw new FleetwrightError("invalid-input", `input ${name} has ${JSON.stringify(text)}`, {
    remedy: "write key=value, separated by commas or lines",
  });
}

function some<T>(values: readonly T[]): readonly T[] | undefined {
  return values.length === 0 ? undefined : values;
}

/** Without the members that are undefined: "absent" and "undefined" differ under exact optional types. */
function defined<T extends object>(value: { readonly [Key in keyof T]: T[Key] | undefined }): T {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries) as T;
}
