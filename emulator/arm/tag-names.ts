import type { WireReply } from "../service.ts";
import type { JsonObject } from "./json.ts";
import { methodNotAllowed } from "./refusal.ts";
import type { TagNamesTarget } from "./request.ts";

/** The names and values of tags that a subscription offers: `az tag create --name`, `az tag add-value`. No resource depends on them. */
export class TagNames {
  readonly #names = new Map<string, Map<string, string>>();

  handle(method: string, { subscription, name, value }: TagNamesTarget): WireReply {
    if (name === undefined) {
      if (method !== "GET") throw methodNotAllowed(method);
      const all = [...this.#names.keys()].map((one) => this.#render(subscription, one));
      return { status: 200, body: { value: all } };
    }
    const key = name.toLowerCase();
    const values = this.#names.get(key);
    if (method === "DELETE") {
      const existed =
        value === undefined ? this.#names.delete(key) : values?.delete(value.toLowerCase());
      return { status: existed === true ? 200 : 204 };
    }
    if (method !== "PUT") throw methodNotAllowed(method);
    const status = value === undefined ? values : values?.get(value.toLowerCase());
    const kept = values ?? new Map<string, string>();
    if (value !== undefined) kept.set(value.toLowerCase(), value);
    this.#names.set(key, kept);
    const id = nameId(subscription, name);
    const body = value === undefined ? this.#render(subscription, name) : renderValue(id, value);
    return { status: status === undefined ? 201 : 200, body };
  }

  #render(subscription: string, name: string): JsonObject {
    const id = nameId(subscription, name);
    const values = [...(this.#names.get(name.toLowerCase())?.values() ?? [])];
    return {
      id,
      tagName: name,
      count: COUNT,
      values: values.map((value) => renderValue(id, value)),
    };
  }
}

const COUNT = { type: "Total", value: 0 };

function nameId(subscription: string, name: string): string {
  return `/subscriptions/${subscription}/tagNames/${name}`;
}

function renderValue(id: string, value: string): JsonObject {
  return { id: `${id}/tagValues/${value}`, tagValue: value, count: COUNT };
}
