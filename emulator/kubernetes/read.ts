import type { Instant } from "../../shared/simulator/model.ts";
import { chooseRepresentation } from "./accept.ts";
import type { WireReply, WireRequest } from "../service.ts";
import type { Journal } from "./journal.ts";
import type { KubernetesObject } from "./object.ts";
import { renderList, renderObject } from "./representation.ts";
import type { ListPosition } from "./representation.ts";
import { parseSelection } from "./selection.ts";
import { badRequest, gone, notFound } from "./status.ts";

export interface ReadRequest {
  readonly request: WireRequest;
  readonly journal: Journal;
  readonly namespace: string | undefined;
  readonly now: () => Instant;
}

export function getObject(read: ReadRequest, key: string, name: string): WireReply {
  const { request, journal, now } = read;
  const object = journal.get(key);
  if (!object) throw notFound(journal.resource, name);
  const form = chooseRepresentation(request.headers.accept, request.query.get("includeobject"));
  return { status: 200, body: renderObject(object, journal.resource, form, now()) };
}

export function listObjects(read: ReadRequest): WireReply {
  const { request, journal, namespace, now } = read;
  const form = chooseRepresentation(request.headers.accept, request.query.get("includeobject"));
  const selected = parseSelection(request, journal.resource, { namespace, name: undefined });
  const make = (): object => {
    const matching = journal.all().filter(([, object]) => selected(object));
    const { objects, position } = page(matching, request, String(journal.version));
    return renderList(objects, journal.resource, form, { position, now: now() });
  };
  // A table shows ages, which change every second.
  if (form.kind === "table") return { status: 200, body: make() };
  const selecting = SELECTING.map((key) => request.query.get(key));
  const question = {
    text: JSON.stringify([namespace, form, ...selecting]),
    acceptsGzip: /\bgzip\b/i.test(String(request.headers["accept-encoding"] ?? "")),
  };
  return journal.lists.reply(journal.basis, question, make);
}

/** What of a query decides what is in a list. */
const SELECTING = ["labelselector", "fieldselector", "limit", "continue"];

type Keyed = readonly (readonly [key: string, object: KubernetesObject])[];

/** `limit` and `continue`: the token says after which key to go on, and the version of the list. */
function page(
  matching: Keyed,
  request: WireRequest,
  version: string,
): { readonly objects: readonly KubernetesObject[]; readonly position: ListPosition } {
  const limit = parseLimit(request.query.get("limit"));
  const token = request.query.get("continue");
  const start = token ? parseContinue(token) : { after: "", version };
  const rest = matching.filter(([key]) => key > start.after);
  const taken = limit === 0 ? rest : rest.slice(0, limit);
  const objects = taken.map(([, object]) => object);
  const last = taken.at(-1)?.[0];
  const remaining = rest.length - taken.length;
  if (remaining === 0 || last === undefined) {
    return { objects, position: { resourceVersion: start.version } };
  }
  const next = Buffer.from(JSON.stringify([start.version, last])).toString("base64url");
  const position = {
    resourceVersion: start.version,
    continue: next,
    remainingItemCount: remaining,
  };
  return { objects, position };
}

function parseLimit(text: string | undefined): number {
  if (text === undefined || text === "") return 0;
  if (!/^\d+$/.test(text)) throw badRequest(`limit: Invalid value: ${JSON.stringify(text)}`);
  return Number(text);
}

function parseContinue(token: string): { readonly after: string; readonly version: string } {
  const decoded = parseJson(Buffer.from(token, "base64url").toString("utf8"));
  if (!Array.isArray(decoded) || decoded.length !== 2) {
    throw gone("The provided continue parameter is not valid: start the list again without it");
  }
  return { version: String(decoded[0]), after: String(decoded[1]) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
