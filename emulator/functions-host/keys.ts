import { randomBytes, timingSafeEqual } from "node:crypto";
import type { WireRequest } from "../service.ts";

/** The secrets of a function app: host keys, and the system key of the Event Grid extension. */
export interface AppKeys {
  readonly masterKey: string;
  readonly functionKey: string;
  readonly eventGridKey: string;
}

export function makeKeys(): AppKeys {
  const key = (): string => randomBytes(30).toString("base64url");
  return { masterKey: key(), functionKey: key(), eventGridKey: key() };
}

/** Does a request carry one of these keys, as `code` or `x-functions-key`? */
export function carriesKey(request: WireRequest, accepted: readonly string[]): boolean {
  const header = request.headers["x-functions-key"];
  const given = request.query.get("code") ?? (Array.isArray(header) ? header[0] : header);
  return given !== undefined && accepted.some((key) => sameText(key, given));
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
