import { apiVersionOf } from "./resource.ts";
import type { Resource } from "./resource.ts";
import type { GroupVersionKind } from "./schema/open-api-schemas.ts";

/** `api/v1` or `apis/apps/v1`: where the kinds of a group stand. */
export function rootOf(resource: Resource): string {
  return resource.group === "" ? `api/${resource.version}` : `apis/${apiVersionOf(resource)}`;
}

interface Operation {
  readonly "x-kubernetes-group-version-kind": GroupVersionKind;
  readonly parameters?: readonly Parameter[];
  readonly responses: object;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
}

export interface PathItem {
  readonly get: Operation;
  readonly patch?: Operation;
}

/** What `kubectl` looks for before it sends `--dry-run=server`, or leaves validation to the server. */
const PATCH_PARAMETERS = ["dryRun", "fieldManager", "fieldValidation", "force"];

export function pathsOf(
  resources: readonly Resource[],
  textType: object,
): Readonly<Record<string, PathItem>> {
  const entries = resources.map((resource): [string, PathItem] => {
    const { group, version, kind } = resource;
    const get = {
      "x-kubernetes-group-version-kind": { group, version, kind },
      responses: { 200: { description: "OK" } },
    };
    const parameters = PATCH_PARAMETERS.map((name) => ({ name, in: "query", ...textType }));
    return [
      objectPath(resource),
      resource.update ? { get, patch: { ...get, parameters } } : { get },
    ];
  });
  return Object.fromEntries(entries);
}

function objectPath(resource: Resource): string {
  const namespace = resource.namespaced ? "/namespaces/{namespace}" : "";
  return `/${rootOf(resource)}${namespace}/${resource.plural}/{name}`;
}
