import { KubernetesError } from "./status.ts";

/** How a client wants objects: whole, as rows of a table, or their metadata alone. */
export type Representation =
  | { readonly kind: "object" }
  | { readonly kind: "table"; readonly version: string; readonly include: IncludeObject }
  | { readonly kind: "metadata"; readonly version: string };

/** What a row carries beside its cells. */
export type IncludeObject = "None" | "Metadata" | "Object";

export interface MediaType {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Takes `application/json;as=Table;v=v1;g=meta.k8s.io,application/json` apart, in its order. */
export function parseAccept(header: string | undefined): readonly MediaType[] {
  return (header ?? "*/*").split(",").map((entry) => {
    const [type = "", ...rest] = entry.split(";").map((part) => part.trim());
    const parameters = rest.map((part): [string, string] => {
      const [key = "", value = ""] = part.split("=");
      return [key.toLowerCase(), value];
    });
    return { type: type.toLowerCase(), parameters: new Map(parameters) };
  });
}

const JSON_TYPES = ["application/json", "application/*", "*/*"];

export function isJsonType({ type }: MediaType): boolean {
  return JSON_TYPES.includes(type);
}

/** The first form on the client's list that this server speaks; throws 406 when there is none. */
export function chooseRepresentation(
  header: string | undefined,
  includeObject: string | undefined,
): Representation {
  for (const media of parseAccept(header)) {
    const known = isJsonType(media) && representation(media, includeObject);
    if (known) return known;
  }
  throw new KubernetesError(
    406,
    "NotAcceptable",
    "only the following media types are accepted: application/json",
  );
}

function representation(
  { parameters }: MediaType,
  includeObject: string | undefined,
): Representation | undefined {
  const form = parameters.get("as");
  if (form === undefined) return { kind: "object" };
  const version = parameters.get("v") ?? "v1";
  if (parameters.get("g") !== "meta.k8s.io" || !["v1", "v1beta1"].includes(version)) {
    return undefined;
  }
  if (form === "Table") return { kind: "table", version, include: parseInclude(includeObject) };
  return /^PartialObjectMetadata(List)?$/.test(form) ? { kind: "metadata", version } : undefined;
}

function parseInclude(text: string | undefined): IncludeObject {
  return text === "None" || text === "Object" ? text : "Metadata";
}
