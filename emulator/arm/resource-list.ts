import type { WireReply } from "../service.ts";
import { isObject, objectsAt, textAt, withoutUndefined } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { meets, parseFilter } from "./list-filter.ts";
import { page } from "./paging.ts";
import type { ArmRequest, ResourceProvider } from "./provider.ts";
import { TRACKED_TYPES } from "./subscription.ts";

/** Pages of one type read for one list: far more than a simulated subscription has. */
const MAX_PAGES = 1_000;

/** `az resource list`: what all providers have, filtered by `$filter`, with the fields that every resource shares. */
export async function listResources(
  providers: readonly ResourceProvider[],
  request: ArmRequest,
  origin: string,
): Promise<WireReply> {
  const conditions = parseFilter(request.wire.query.get("$filter"));
  const found: JsonObject[] = [];
  for (const provider of providers) {
    const { namespace } = provider;
    for (const type of typesOf(namespace)) {
      const resources = await listAll(provider, { ...request, namespace }, [[type, undefined]]);
      const generic = resources.map((resource) => genericForm(resource, `${namespace}/${type}`));
      found.push(...generic.filter((resource) => meets(resource, conditions)));
    }
  }
  return page(request, found, { origin });
}

function typesOf(namespace: string): readonly string[] {
  const key = namespace.toLowerCase();
  return Object.entries(TRACKED_TYPES).find(([name]) => name.toLowerCase() === key)?.[1] ?? [];
}

/** All pages of a list; the last of the segments has no name. */
export async function listAll(
  provider: ResourceProvider,
  request: ArmRequest,
  segments: ArmRequest["segments"],
): Promise<readonly JsonObject[]> {
  const lowered = segments.map(([type, name]) => [type.toLowerCase(), name] as const);
  const found: JsonObject[] = [];
  let token: string | null = "0";
  for (let pages = 0; token !== null && pages < MAX_PAGES; pages++) {
    const wire = { ...request.wire, query: new Map([["$skiptoken", token]]) };
    const { body }: WireReply = await provider.handle({ ...request, wire, segments: lowered });
    if (!isObject(body)) break;
    found.push(...objectsAt(body, "value"));
    const nextLink: string | undefined = textAt(body, "nextLink");
    token = nextLink === undefined ? null : new URL(nextLink).searchParams.get("$skiptoken");
  }
  return found;
}

function genericForm(resource: JsonObject, type: string): JsonObject {
  const { id, name, location, tags, sku, identity, kind } = resource;
  return withoutUndefined({ id, name, type, location, tags, sku, identity, kind });
}
