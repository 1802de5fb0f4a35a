import type { WireReply, WireRequest } from "../service.ts";
import type { JsonObject } from "./object.ts";
import { pathsOf, rootOf } from "./open-api-paths.ts";
import { encodeOpenApiV2 } from "./open-api-protobuf.ts";
import type { OpenApiV2 } from "./open-api-protobuf.ts";
import { RESOURCES } from "./registry.ts";
import type { Resource } from "./resource.ts";
import { definitionOfKind, withReferences } from "./schema/definitions.ts";
import { OPEN_API_2, OPEN_API_3, openApiSchemas } from "./schema/open-api-schemas.ts";
import type { OpenApiForm } from "./schema/open-api-schemas.ts";

const INFO = { title: "Kubernetes", version: "unversioned" };

/**
 * The OpenAPI documents, in which clients look up the fields of a kind (`explain`, validation before sending),
 * how its lists merge (`apply`), and what its PATCH takes (`diff`, dry runs). Made when first asked for.
 */
export function serveOpenApi(
  request: WireRequest,
  server: string,
  path: string,
): WireReply | undefined {
  if (path === "/openapi/v2") return serveVersion2(request);
  if (path === "/openapi/v3") return { status: 200, body: index(server) };
  const resources = RESOURCES.filter((resource) => path === `/openapi/v3/${rootOf(resource)}`);
  if (resources.length === 0) return undefined;
  return { status: 200, body: version3(path, resources) };
}

/** The form in which kubectl asks, with an `@`, which no answer may carry. */
const PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/** Documents as they were first made: they are the same for every cluster. */
const made = new Map<string, Buffer>();

function once(key: string, make: () => Buffer): Buffer {
  const bytes = made.get(key) ?? make();
  made.set(key, bytes);
  return bytes;
}

function serveVersion2(request: WireRequest): WireReply {
  const isProtobuf = request.headers.accept?.includes("proto-openapi") === true;
  const type = isProtobuf ? PROTOBUF : "application/json";
  const encode = isProtobuf ? encodeOpenApiV2 : toJson;
  return {
    status: 200,
    headers: { "Content-Type": type },
    body: once(type, () => encode(version2())),
  };
}

function version2(): OpenApiV2 {
  return {
    swagger: "2.0",
    info: INFO,
    paths: pathsOf(RESOURCES, { type: "string" }),
    definitions: schemasOf(RESOURCES, OPEN_API_2),
  };
}

function version3(path: string, resources: readonly Resource[]): Buffer {
  return once(path, () =>
    toJson({
      openapi: "3.0.0",
      info: INFO,
      paths: pathsOf(resources, { schema: { type: "string" } }),
      components: { schemas: schemasOf(resources, OPEN_API_3) },
    }),
  );
}

function toJson(document: object): Buffer {
  return Buffer.from(JSON.stringify(document));
}

function index(server: string): object {
  const roots = [...new Set(RESOURCES.map(rootOf))];
  const entries = roots.map((root) => [
    root,
    { serverRelativeURL: `${server}/openapi/v3/${root}` },
  ]);
  return { paths: Object.fromEntries(entries) };
}

function schemasOf(
  resources: readonly Resource[],
  form: OpenApiForm,
): Readonly<Record<string, JsonObject>> {
  const roots = resources.flatMap((resource) => {
    const { group, version, kind } = resource;
    const definition = definitionOfKind(group, version, kind);
    return definition ? [{ definition, kind: { group, version, kind } }] : [];
  });
  const kinds = new Map(roots.map(({ definition, kind }) => [definition.id, kind]));
  const definitions = withReferences(roots.map(({ definition }) => definition));
  return openApiSchemas(definitions, kinds, form);
}
