import { isJsonObject } from "./object.ts";
import type { JsonObject } from "./object.ts";
import type { PathItem } from "./open-api-paths.ts";

export interface OpenApiV2 {
  readonly swagger: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly definitions: Readonly<Record<string, JsonObject>>;
}

/**
 * The second version of OpenAPI in the protobuf form that kubectl up to 1.26 asks for alone. Field numbers from
 * OpenAPIv2.proto of https://github.com/google/gnostic; what our document does not hold is not written.
 */
export function encodeOpenApiV2({ swagger, info, paths, definitions }: OpenApiV2): Buffer {
  const pathItems = Object.entries(paths).map(([path, item]) => named(path, encodePath(item)));
  return Buffer.concat([
    field(1, swagger),
    field(2, Buffer.concat([field(1, info.title), field(2, info.version)])),
    field(8, Buffer.concat(pathItems.map((item) => field(2, item)))),
    field(9, namedSchemas(definitions)),
  ]);
}

function encodePath({ get, patch }: PathItem): Buffer {
  return Buffer.concat([
    field(2, encodeOperation(get)),
    ...(patch ? [field(8, encodeOperation(patch))] : []),
  ]);
}

function encodeOperation({ parameters = [], ...operation }: PathItem["get"]): Buffer {
  return Buffer.concat([
    ...parameters.map((parameter) => {
      const query = Buffer.concat([field(2, parameter.in), field(4, parameter.name)]);
      return field(8, field(1, field(2, field(3, query))));
    }),
    ...extensions(operation).map((one) => field(13, one)),
  ]);
}

function namedSchemas(schemas: Readonly<Record<string, unknown>>): Buffer {
  const entries = Object.entries(schemas).map(([name, schema]) =>
    field(1, named(name, isJsonObject(schema) ? encodeSchema(schema) : Buffer.alloc(0))),
  );
  return Buffer.concat(entries);
}

function encodeSchema(schema: JsonObject): Buffer {
  const { $ref, format, description, required, type, items, properties } = schema;
  const { additionalProperties } = schema;
  const parts = [
    ...(typeof $ref === "string" ? [field(1, $ref)] : []),
    ...(typeof format === "string" ? [field(2, format)] : []),
    ...(typeof description === "string" ? [field(4, description)] : []),
    ...(Array.isArray(required) ? required.map((name) => field(19, String(name))) : []),
    ...(isJsonObject(additionalProperties)
      ? [field(21, field(1, encodeSchema(additionalProperties)))]
      : []),
    ...(typeof type === "string" ? [field(22, field(1, type))] : []),
    ...(isJsonObject(items) ? [field(23, field(1, encodeSchema(items)))] : []),
    ...(isJsonObject(properties) ? [field(25, namedSchemas(properties))] : []),
    ...extensions(schema).map((one) => field(31, one)),
  ];
  return Buffer.concat(parts);
}

/** What OpenAPI lets others add travels as YAML, of which JSON is a part. */
function extensions(of: object): Buffer[] {
  const entries = Object.entries(of).filter(([name]) => name.startsWith("x-"));
  return entries.map(([name, value]) => named(name, field(2, JSON.stringify(value))));
}

function named(name: string, value: Buffer): Buffer {
  return Buffer.concat([field(1, name), field(2, value)]);
}

const LENGTH_DELIMITED = 2;

function field(number: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([varint(number * 8 + LENGTH_DELIMITED), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return Buffer.from([...bytes, rest]);
}
