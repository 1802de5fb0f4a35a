import { isError } from "../core/errors.ts";
import type { ArmId } from "../core/arm-id.ts";
import type { ArmClient } from "./arm-client.ts";
import { asObject } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { settle } from "./long-running.ts";
import { readPages } from "./paged-list.ts";

/**
 * Strategies, runs and gates by hand: arm-containerservicefleet 2.0.0 speaks 2025-03-01 and drops gates,
 * maxConcurrency and the state `Pending`, whatever api-version it is given.
 */
const FLEET_API_VERSION = "2026-06-01";

/** The first with `maxAllowedFailures`; asked for only where a strategy has that: previews come and go. */
export const FLEET_PREVIEW_API_VERSION = "2026-06-02-preview";

export async function getResource(
  arm: ArmClient,
  id: ArmId,
  apiVersion = FLEET_API_VERSION,
): Promise<JsonObject | undefined> {
  try {
    return asObject((await arm.rest.pathUnchecked(versioned(id, apiVersion)).get()).body);
  } catch (error) {
    if (isError(error, "not-found")) return undefined;
    throw error;
  }
}

/** `collection` is the path of a list, such as `{fleet}/gates`. */
export function listResources(arm: ArmClient, collection: string): Promise<readonly JsonObject[]> {
  return readPages(arm, collection, FLEET_API_VERSION);
}

/** Creates only: with `If-None-Match: *` the service answers 412 when the resource exists. */
export async function createResource(
  arm: ArmClient,
  id: ArmId,
  body: JsonObject,
  apiVersion = FLEET_API_VERSION,
): Promise<JsonObject> {
  const path = versioned(id, apiVersion);
  const created = await arm.attempt(id, `${typeOf(id)}/write`, () =>
    settle(arm, () =>
      arm.rest.pathUnchecked(path).put({ body, headers: { "If-None-Match": "*" } }),
    ),
  );
  return asObject(created);
}

export async function replaceResource(
  arm: ArmClient,
  id: ArmId,
  body: JsonObject,
  etag: string,
): Promise<void> {
  await arm.attempt(id, `${typeOf(id)}/write`, () =>
    settle(arm, () =>
      arm.rest.pathUnchecked(versioned(id)).put({ body, headers: { "If-Match": etag } }),
    ),
  );
}

export async function patchResource(
  arm: ArmClient,
  id: ArmId,
  body: JsonObject,
  etag: string,
): Promise<void> {
  await arm.attempt(id, `${typeOf(id)}/write`, () =>
    settle(arm, () =>
      arm.rest.pathUnchecked(versioned(id)).patch({ body, headers: { "If-Match": etag } }),
    ),
  );
}

export async function deleteResource(arm: ArmClient, id: ArmId, etag: string): Promise<void> {
  await arm.attempt(id, `${typeOf(id)}/delete`, () =>
    settle(arm, () =>
      arm.rest.pathUnchecked(versioned(id)).delete({ headers: { "If-Match": etag } }),
    ),
  );
}

function versioned(path: string, apiVersion = FLEET_API_VERSION): string {
  return `${path}?api-version=${apiVersion}`;
}

function typeOf(id: ArmId): string {
  const child = id.split("/").at(-2) ?? "";
  return `Microsoft.ContainerService/fleets/${child}`;
}
