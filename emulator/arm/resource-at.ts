import type { WireReply } from "../service.ts";
import { isObject } from "./json.ts";
import type { JsonObject } from "./json.ts";
import type { ArmRequest, ResourceProvider } from "./provider.ts";
import { notFound } from "./refusal.ts";
import { parseArmPath } from "./request.ts";

/** What a request about a resource's extension (its tags) does to the resource itself. */
export interface InnerRequest {
  readonly method: "GET" | "PATCH";
  readonly body?: JsonObject;
}

/** Asks the provider of a resource for it, or to change it, on behalf of a caller who came another way. */
export async function resourceAt(
  providers: readonly ResourceProvider[],
  outer: ArmRequest,
  id: string,
  { method, body = {} }: InnerRequest,
): Promise<JsonObject> {
  const target = parseArmPath(id, "GET");
  if (target.kind !== "resource") throw notFound(id);
  const namespace = target.namespace.toLowerCase();
  const provider = providers.find((one) => one.namespace.toLowerCase() === namespace);
  if (!provider) throw notFound(id);
  const reply: WireReply = await provider.handle({
    ...outer,
    wire: { ...outer.wire, query: new Map(), headers: {} },
    method,
    namespace,
    resourceGroup: target.resourceGroup,
    segments: target.segments.map(([type, name]) => [type.toLowerCase(), name] as const),
    action: undefined,
    scope: target.scope,
    body,
  });
  return isObject(reply.body) ? reply.body : {};
}
