import type { JsonObject } from "../object.ts";
import type { Definition, Field, FieldType } from "./definitions.ts";
import { mergeMarks } from "./merge-marks.ts";

/** How the two versions of OpenAPI differ in what they say of a type. */
export interface OpenApiForm {
  /** What stands before the name in a reference, such as `#/definitions/`. */
  readonly referencePrefix: string;
  /** Version 3 lets nothing stand beside a reference, so that it is wrapped. */
  readonly wrapsReferences: boolean;
  /** Version 2 cannot say that a value may be of two types. */
  readonly intOrString: JsonObject;
  readonly quantity: JsonObject;
}

export const OPEN_API_2: OpenApiForm = {
  referencePrefix: "#/definitions/",
  wrapsReferences: false,
  intOrString: { type: "string", format: "int-or-string" },
  quantity: { type: "string" },
};
export const OPEN_API_3: OpenApiForm = {
  referencePrefix: "#/components/schemas/",
  wrapsReferences: true,
  intOrString: { oneOf: [{ type: "integer" }, { type: "string" }], format: "int-or-string" },
  quantity: { oneOf: [{ type: "string" }, { type: "number" }] },
};

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

const INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
const QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity";

/** The schemas of these types by their full names; `kinds` says which of them are objects of their own. */
export function openApiSchemas(
  definitions: readonly Definition[],
  kinds: ReadonlyMap<string, GroupVersionKind>,
  form: OpenApiForm,
): Record<string, JsonObject> {
  const schemas = definitions.map((definition): [string, JsonObject] => {
    const kind = kinds.get(definition.id);
    return [schemaName(definition.id), schemaOf(definition, form, kind)];
  });
  return {
    ...Object.fromEntries(schemas.toSorted(([a], [b]) => (a < b ? -1 : 1))),
    [INT_OR_STRING]: form.intOrString,
    [QUANTITY]: form.quantity,
  };
}

function schemaOf(
  definition: Definition,
  form: OpenApiForm,
  kind: GroupVersionKind | undefined,
): JsonObject {
  const fields = [...definition.fields];
  const required = fields.filter(([, field]) => field.required).map(([name]) => name);
  return {
    description: definition.description,
    type: "object",
    ...(required.length > 0 && { required }),
    properties: Object.fromEntries(fields.map(([name, field]) => [name, property(field, form)])),
    ...(kind && { "x-kubernetes-group-version-kind": [kind] }),
  };
}

function property({ type, description }: Field, form: OpenApiForm): JsonObject {
  const schema = typeSchema(type, form);
  const wrapped = "$ref" in schema && form.wrapsReferences ? { allOf: [schema] } : schema;
  return { description, ...wrapped, ...mergeMarks(type) };
}

function typeSchema(type: FieldType, form: OpenApiForm): JsonObject {
  switch (type.kind) {
    case "text":
      return { type: "string" };
    case "integer":
      return { type: "integer", format: "int32" };
    case "boolean":
      return { type: "boolean" };
    case "anything":
      return { type: "object" };
    case "intOrText":
      return { $ref: `${form.referencePrefix}${INT_OR_STRING}` };
    case "quantity":
      return { $ref: `${form.referencePrefix}${QUANTITY}` };
    case "list":
      return { type: "array", items: typeSchema(type.of, form) };
    case "map":
      return { type: "object", additionalProperties: typeSchema(type.of, form) };
    case "reference":
      return { $ref: `${form.referencePrefix}${schemaName(type.to)}` };
  }
}

const PACKAGES: Readonly<Record<string, string>> = {
  api: "apimachinery.pkg.api",
  apiextensions: "apiextensions-apiserver.pkg.apis.apiextensions",
  meta: "apimachinery.pkg.apis.meta",
};

/** `io.k8s.api.core.v1.Pod` of `core/v1.Pod`: the package that the type comes from. */
function schemaName(id: string): string {
  const [group = "", rest = ""] = id.split("/");
  return `io.k8s.${PACKAGES[group] ?? `api.${group}`}.${rest}`;
}
