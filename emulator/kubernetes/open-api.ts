import type { WireReply } from "../service.ts";
import { EXPLAINED } from "./explained-fields.ts";
import { RESOURCES } from "./registry.ts";
import { apiVersionOf } from "./resource.ts";
import type { Resource } from "./resource.ts";

/**
 * The part of the OpenAPI documents that `kubectl edit` and `apply` look for: whether a kind's PATCH
 * takes `fieldValidation`. Where it does they send objects as they are and leave validation to the
 * server; without the document they refuse to send anything.
 */
export function serveOpenApi(server: string, path: string): WireReply | undefined {
  if (path === "/openapi/v3") return { status: 200, body: index(server) };
  const resources = RESOURCES.filter((resource) => path === `/openapi/v3/${rootOf(resource)}`);
  return resources.length === 0 ? undefined : { status: 200, body: openApiDocument(resources) };
}

function rootOf(resource: Resource): string {
  return resource.group === "" ? `api/${resource.version}` : `apis/${apiVersionOf(resource)}`;
}

function index(server: string): object {
  const roots = [...new Set(RESOURCES.map(rootOf))];
  const entries = roots.map((root) => [
    root,
    { serverRelativeURL: `${server}/openapi/v3/${root}` },
  ]);
  return { paths: Object.fromEntries(entries) };
}

function openApiDocument(resources: readonly Resource[]): object {
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "unversioned" },
    paths: Object.fromEntries(
      resources.map((resource) => [objectPath(resource), operations(resource)]),
    ),
    components: {
      schemas: Object.fromEntries(
        resources.map((resource) => [schemaName(resource), schema(resource)]),
      ),
    },
  };
}

function schemaName({ group, version, kind }: Resource): string {
  return ["fleetwright", group.split(".")[0] || "core", version, kind].join(".");
}

/** Enough for `kubectl explain` to tell the outline, and the fields that matter in an upgrade. */
function schema({ group, version, kind }: Resource): object {
  const open = { type: "object" };
  const text = { type: "string" };
  return {
    type: "object",
    description: `${kind} as far as this local cluster knows it.`,
    "x-kubernetes-group-version-kind": [{ group, version, kind }],
    properties: {
      apiVersion: { ...text, description: "Version of this form of the object." },
      kind: { ...text, description: "Name of the kind of the object." },
      metadata: { ...open, description: "Name, namespace, labels and annotations." },
      spec: { ...open, ...fieldsOf(kind, "spec"), description: "What is wanted." },
      status: { ...open, ...fieldsOf(kind, "status"), description: "What is so, most recently." },
    },
  };
}

function fieldsOf(kind: string, part: "spec" | "status"): { readonly properties?: object } {
  const fields = EXPLAINED[kind]?.[part];
  if (!fields) return {};
  const entries = Object.entries(fields).map(([name, [type, description]]) => {
    return [name, { type, description }];
  });
  return { properties: Object.fromEntries(entries) };
}

function objectPath(resource: Resource): string {
  const namespace = resource.namespaced ? "/namespaces/{namespace}" : "";
  return `/${rootOf(resource)}${namespace}/${resource.plural}/{name}`;
}

function operations(resource: Resource): object {
  const { group, version, kind } = resource;
  const operation = {
    "x-kubernetes-group-version-kind": { group, version, kind },
    responses: { 200: { description: "OK" } },
  };
  if (!resource.update) return { get: operation };
  const parameter = { name: "fieldValidation", in: "query", schema: { type: "string" } };
  return { get: operation, patch: { ...operation, parameters: [parameter] } };
}
