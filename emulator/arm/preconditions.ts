import type { IncomingHttpHeaders } from "node:http";
import { ArmError } from "./provider.ts";

/** AKS answers 409 `EtagMismatch`, the fleet service 412. */
export interface PreconditionFailure {
  readonly status: 409 | 412;
  readonly code: "EtagMismatch" | "PreconditionFailed";
}

export const AKS_PRECONDITION: PreconditionFailure = { status: 409, code: "EtagMismatch" };
export const FLEET_PRECONDITION: PreconditionFailure = { status: 412, code: "PreconditionFailed" };

/** Throws when If-Match or If-None-Match do not hold; `current` is undefined for a resource that is not there. */
export function checkPreconditions(
  headers: IncomingHttpHeaders,
  current: string | undefined,
  failure: PreconditionFailure,
): void {
  const ifMatch = headers["if-match"];
  if (ifMatch !== undefined && !matches(ifMatch, current)) {
    const found =
      current === undefined ? "there is no such resource" : `the resource has ${current}`;
    throw new ArmError(
      failure.status,
      failure.code,
      `The If-Match condition is not met: the request has ${ifMatch}, ${found}.`,
    );
  }
  const ifNoneMatch = headers["if-none-match"];
  if (ifNoneMatch !== undefined && matches(ifNoneMatch, current)) {
    throw new ArmError(
      failure.status,
      failure.code,
      `The If-None-Match condition is not met: the resource exists with ${current}.`,
    );
  }
}

function matches(header: string, current: string | undefined): boolean {
  if (current === undefined) return false;
  return header.split(",").some((one) => one.trim() === "*" || unquoted(one) === unquoted(current));
}

/** Clients send ETags with and without their quotes. */
function unquoted(etag: string): string {
  return etag.trim().replace(/^W\//, "").replace(/^"|"$/g, "");
}
