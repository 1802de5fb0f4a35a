/** The fields of a JSON Schema, one row each: path, type, default, meaning. Pure. */
export function schemaFields(schema, path = "") {
  if (schema.type === "array") return schemaFields(schema.items, `${path}[]`);
  if (schema.anyOf) return schema.anyOf.flatMap((one) => schemaFields(one, path));
  const named = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const here = path === "" ? name : `${path}.${name}`;
    const inner = schemaFields(field, here);
    // What only groups its fields and says nothing itself is told by them.
    if (field.description === undefined && inner.length > 0) return inner;
    return [fieldRow(here, field, schema.required?.includes(name) === true), ...inner];
  });
  const { additionalProperties: any } = schema;
  return typeof any === "object" ? [...named, ...schemaFields(any, `${path}.<name>`)] : named;
}

function fieldRow(path, field, isRequired) {
  return {
    path,
    type: typeOf(field),
    fallback: isRequired ? "required" : defaultOf(field.default),
    meaning: field.description ?? "",
  };
}

function typeOf(field) {
  if (field.const !== undefined) return `\`${field.const}\``;
  if (field.enum) return field.enum.map((value) => `\`${value}\``).join(", ");
  if (field.anyOf) return field.anyOf.map(typeOf).join(" or ");
  if (field.type === "array") return `list of ${typeOf(field.items)}`;
  if (field.type === "object" && typeof field.additionalProperties === "object") {
    return `${typeOf(field.additionalProperties)} by name`;
  }
  return field.minimum === undefined ? field.type : `${field.type} from ${field.minimum}`;
}

/** An object's own default is that of its fields. */
function defaultOf(value) {
  if (value === undefined) return "";
  const text = JSON.stringify(value);
  return text === "{}" ? "" : `\`${typeof value === "string" ? value : text}\``;
}
