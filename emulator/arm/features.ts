import type { WireReply } from "../service.ts";
import type { JsonObject } from "./json.ts";
import type { ArmRequest } from "./provider.ts";
import { methodNotAllowed } from "./refusal.ts";

/** What `az feature` asks for: a preview flag of a namespace, or all that somebody registered. */
export interface FeaturesTarget {
  readonly subscription: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly action: string | undefined;
}

/** Preview flags of a subscription. Nothing here depends on one: a flag is what somebody made it. */
export class Features {
  readonly #states = new Map<string, JsonObject>();

  handle(method: ArmRequest["method"], target: FeaturesTarget): WireReply {
    const { namespace, name, action } = target;
    if (namespace === undefined || name === undefined) {
      if (method !== "GET") throw methodNotAllowed(method);
      const prefix = namespace === undefined ? "" : `${namespace}/`.toLowerCase();
      const found = [...this.#states].filter(([key]) => key.startsWith(prefix));
      return { status: 200, body: { value: found.map(([, feature]) => feature) } };
    }
    const key = `${namespace}/${name}`.toLowerCase();
    if (method === "GET") {
      return { status: 200, body: this.#states.get(key) ?? render(target, "NotRegistered") };
    }
    const state = { register: "Registered", unregister: "Unregistered" }[action ?? ""];
    if (method !== "POST" || state === undefined) throw methodNotAllowed(method);
    const feature = render(target, state);
    this.#states.set(key, feature);
    return { status: 200, body: feature };
  }
}

function render({ subscription, namespace, name }: FeaturesTarget, state: string): JsonObject {
  const path = `Microsoft.Features/providers/${namespace}/features/${name}`;
  return {
    id: `/subscriptions/${subscription}/providers/${path}`,
    name: `${namespace}/${name}`,
    type: "Microsoft.Features/providers/features",
    properties: { state },
  };
}
