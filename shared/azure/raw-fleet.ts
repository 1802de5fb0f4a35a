import type { PathUncheckedResponse } from "@azure-rest/core-client";
import { FleetwrightError, isError } from "../core/errors.ts";
import type { ArmId } from "../core/arm-id.ts";
import type { ArmClient } from "./arm-client.ts";
import { asList, asObject, asText } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { settle } from "./long-running.ts";

/**
 * Strategies, runs and gates by hand: arm-containerservicefleet 2.0.0 speaks 2025-03-01 and drops gates,
 * maxConcurrency and the state `Pending`, whatever api-version it is given.
 */
const FLEET_API_VERSION = "2026-06-01";

/** 1,000 gates or runs per page would be 100,000 of them: a loop of pages, not a fleet. */
const MAX_PAGES = 100;

export async function getResource(arm: ArmClient, id: ArmId): Promise<JsonObject | undefined> {
  try {
    return asObject((await arm.rest.pathUnchecked(versioned(id)).get()).body);
  } catch (error) {
    if (isError(error, "not-found")) return undefined;
    throw error;
  }
}

/** `collection` is the path of a list, such as `{fleet}/gates`. */
export async function listResources(
  arm: ArmClient,
  collection: string,
): Promise<readonly JsonObject[]> {
  const found: JsonObject[] = [];
  let next: string | undefined = versioned(collection);
  for (let page = 0; next !== undefined; page++) {
    if (page === MAX_PAGES) throw tooManyPages(collection);
    const response: PathUncheckedResponse = await arm.rest.pathUnchecked(next).get();
    const body = asObject(response.body);
    found.push(...asList(body["value"]));
    next = asText(body["nextLink"]);
  }
  return found;
}

/** Creates only: with `If-None-Match: *` the service answers 412 when the resource exists. */
export async function createResource(
  arm: ArmClient,
  id: ArmId,
  body: JsonObject,
): Promise<JsonObject> {
  const created = await arm.attempt(id, `${typeOf(id)}/write`, () =>
    settle(arm, () =>
      arm.rest.pathUnchecked(versioned(id)).put({ body, headers: { "If-None-Match": "*" } }),
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

function versioned(path: string): string {
  return `${path}?api-version=${FLEET_API_VERSION}`;
}

function typeOf(id: ArmId): string {
  const child = id.split("/").at(-2) ?? "";
  return `Microsoft.ContainerService/fleets/${child}`;
}

function tooManyPages(collection: string): FleetwrightError {
  return new FleetwrightError("service-error", `${collection} has more than ${MAX_PAGES} pages`, {
    subject: collection,
  });
}
