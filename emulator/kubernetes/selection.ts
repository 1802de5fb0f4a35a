import type { WireRequest } from "../service.ts";
import { parseFieldSelector } from "./field-selector.ts";
import type { ObjectPredicate } from "./field-selector.ts";
import { parseLabelSelector } from "./label-selector.ts";
import type { Resource } from "./resource.ts";

/** Which objects of a kind a list or watch asks for. */
export function parseSelection(
  request: WireRequest,
  resource: Resource,
  path: { readonly namespace: string | undefined; readonly name: string | undefined },
): ObjectPredicate {
  const labels = parseLabelSelector(request.query.get("labelselector") ?? "");
  const fields = parseFieldSelector(request.query.get("fieldselector") ?? "", resource);
  return (object) =>
    (path.namespace === undefined || object.metadata?.namespace === path.namespace) &&
    (path.name === undefined || object.metadata?.name === path.name) &&
    labels(object.metadata?.labels ?? {}) &&
    fields(object);
}
