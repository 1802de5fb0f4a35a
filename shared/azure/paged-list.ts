import type { PathUncheckedResponse } from "@azure-rest/core-client";
import { FleetwrightError } from "../core/errors.ts";
import type { ArmClient } from "./arm-client.ts";
import { asList, asObject, asText } from "./json.ts";
import type { JsonObject } from "./json.ts";

/** 1,000 resources per page would be 100,000 of them: a loop of pages, not a fleet. */
const MAX_PAGES = 100;

/** All pages of a list. `collection` is its path, such as `{fleet}/gates`. */
export async function readPages(
  arm: ArmClient,
  collection: string,
  apiVersion: string,
): Promise<readonly JsonObject[]> {
  const found: JsonObject[] = [];
  let next: string | undefined = `${collection}?api-version=${apiVersion}`;
  for (let page = 0; next !== undefined; page++) {
    if (page === MAX_PAGES) throw tooManyPages(collection);
    const response: PathUncheckedResponse = await arm.rest.pathUnchecked(next).get();
    const body = asObject(response.body);
    found.push(...asList(body["value"]));
    next = asText(body["nextLink"]);
  }
  return found;
}

function tooManyPages(collection: string): FleetwrightError {
  return new FleetwrightError("service-error", `${collection} has more than ${MAX_PAGES} pages`, {
    subject: collection,
  });
}
