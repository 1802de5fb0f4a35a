import { createHash } from "node:crypto";
import type { JsonObject } from "../arm/json.ts";

/** A number of twenty digits, as Azure's. */
export function templateHash(template: JsonObject): string {
  const hash = createHash("sha256").update(JSON.stringify(template)).digest("hex");
  return BigInt(`0x${hash.slice(0, 16)}`).toString();
}
