import { objectAt, objectsAt, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { invalid } from "../arm/refusal.ts";
import { valueAt } from "./event-field.ts";
import type { GridEvent } from "./grid-event.ts";

/** Event Grid's own limits of a custom header (event-grid/delivery-properties.md). */
const MAX_ATTRIBUTES = 10;
const NAME = /^[a-z0-9][a-z0-9-]*$/i;
/** What an HTTP header cannot carry. */
const NOT_IN_HEADERS = /[^\t\x20-\x7e]/g;

/** A header that goes with every delivery: the same for all, or taken from a field of the event. */
export type DeliveryAttribute =
  | {
      readonly type: "Static";
      readonly name: string;
      readonly value: string;
      readonly isSecret: boolean;
    }
  | { readonly type: "Dynamic"; readonly name: string; readonly sourceField: string };

/** Reads `deliveryAttributeMappings`; throws ArmError 400. */
export function parseDeliveryAttributes(properties: JsonObject): readonly DeliveryAttribute[] {
  const mappings = objectsAt(properties, "deliveryAttributeMappings");
  if (mappings.length > MAX_ATTRIBUTES) {
    throw invalid(`At most ${MAX_ATTRIBUTES} delivery attributes are allowed.`, "InvalidRequest");
  }
  return mappings.map(parseAttribute);
}

function parseAttribute(mapping: JsonObject): DeliveryAttribute {
  const name = textAt(mapping, "name");
  const properties = objectAt(mapping, "properties");
  if (name === undefined || !NAME.test(name)) {
    throw invalid(
      `A delivery attribute's name is letters, digits and hyphens, not ${JSON.stringify(name ?? "")}.`,
      "InvalidRequest",
    );
  }
  const sourceField = textAt(properties, "sourceField");
  if (textAt(mapping, "type")?.toLowerCase() === "dynamic" && sourceField !== undefined) {
    return { type: "Dynamic", name, sourceField };
  }
  const value = textAt(properties, "value");
  if (value === undefined) {
    throw invalid(
      `The delivery attribute '${name}' needs a value (Static) or a sourceField (Dynamic).`,
      "InvalidRequest",
    );
  }
  return { type: "Static", name, value, isSecret: properties["isSecret"] === true };
}

/** The headers for one event. A field that the event does not have makes none. */
export function attributeHeaders(
  attributes: readonly DeliveryAttribute[],
  event: GridEvent,
): Readonly<Record<string, string>> {
  const headers = attributes.flatMap((attribute) => {
    const value =
      attribute.type === "Static" ? attribute.value : valueAt(event, attribute.sourceField);
    if (value === undefined || value === null || typeof value === "object") return [];
    return [[attribute.name, String(value).replace(NOT_IN_HEADERS, "")] as const];
  });
  return Object.fromEntries(headers);
}

/** What ARM shows of them: secrets stay hidden. */
export function renderDeliveryAttributes(
  attributes: readonly DeliveryAttribute[],
): readonly JsonObject[] {
  return attributes.map((attribute) =>
    renderFullAttribute(
      attribute.type === "Static" && attribute.isSecret
        ? { ...attribute, value: "Hidden" }
        : attribute,
    ),
  );
}

/** With its secret, for those who may ask for it. */
export function renderFullAttribute({ type, name, ...properties }: DeliveryAttribute): JsonObject {
  return { name, type, properties };
}
