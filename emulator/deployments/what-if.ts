import { canonicalJson } from "../../shared/core/digest.ts";
import { isObject } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { NotYet } from "./plan.ts";
import type { Plan, PlannedResource } from "./plan.ts";

/** What deploying a plan would change, resource by resource. */
export async function whatIf(
  plan: Plan,
  look: (id: string) => Promise<JsonObject | undefined>,
): Promise<readonly JsonObject[]> {
  const changes: JsonObject[] = [];
  for (const resource of plan.resources) {
    if (!resource.isExisting) changes.push(await changeOf(resource, await look(resource.id)));
  }
  return changes;
}

async function changeOf(
  resource: PlannedResource,
  before: JsonObject | undefined,
): Promise<JsonObject> {
  const { id: resourceId, apiVersion, type, name } = resource;
  const body = await knownBody(resource);
  const about = { apiVersion, id: resourceId, name: name.split("/").at(-1), type };
  if (!before) return { resourceId, changeType: "Create", after: { ...about, ...body } };
  // What it would be depends on what is not deployed yet.
  if (!body) return { resourceId, changeType: "Deploy", before };
  const delta = differences(before, body);
  const after = { ...before, ...body };
  return delta.length === 0
    ? { resourceId, changeType: "NoChange", before, after }
    : { resourceId, changeType: "Modify", before, after, delta };
}

async function knownBody(resource: PlannedResource): Promise<JsonObject | undefined> {
  try {
    return await resource.body();
  } catch (error) {
    if (error instanceof NotYet) return undefined;
    throw error;
  }
}

/** What a template does not mention stays, so that only what it says is compared. */
function differences(before: unknown, wanted: JsonObject, path = ""): JsonObject[] {
  return Object.entries(wanted).flatMap(([key, value]): JsonObject[] => {
    const old = isObject(before) ? before[key] : undefined;
    const at = path === "" ? key : `${path}.${key}`;
    if (isObject(value) && (isObject(old) || old === undefined)) {
      return differences(old, value, at);
    }
    if (canonicalJson(old) === canonicalJson(value)) return [];
    const propertyChangeType = old === undefined ? "Create" : "Modify";
    return [
      { path: at, propertyChangeType, ...(old !== undefined && { before: old }), after: value },
    ];
  });
}
