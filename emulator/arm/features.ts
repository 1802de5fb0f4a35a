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
  /** Asked for as `subscriptionFeatureRegistrations`. */
  readonly isRegistration: boolean;
}

type State = "Registered" | "NotRegistered" | "Unregistered";

interface Feature {
  readonly namespace: string;
  readonly name: string;
  readonly state: State;
}

/** Preview flags of a subscription. Nothing here depends on one: a flag is what somebody made it. */
export class Features {
  readonly #features = new Map<string, Feature>();

  handle(method: ArmRequest["method"], target: FeaturesTarget): WireReply {
    const { namespace, name } = target;
    if (namespace === undefined || name === undefined) {
      if (method !== "GET") throw methodNotAllowed(method);
      const prefix = namespace === undefined ? "" : `${namespace}/`.toLowerCase();
      const found = [...this.#features].filter(([key]) => key.startsWith(prefix));
      return { status: 200, body: { value: found.map(([, feature]) => render(target, feature)) } };
    }
    const key = `${namespace}/${name}`.toLowerCase();
    if (method === "GET") {
      const found = this.#features.get(key) ?? { namespace, name, state: "NotRegistered" };
      return { status: 200, body: render(target, found) };
    }
    const state = stateAfter(method, target);
    if (state === undefined) throw methodNotAllowed(method);
    const feature = { namespace, name, state };
    this.#features.set(key, feature);
    return { status: 200, body: render(target, feature) };
  }
}

function stateAfter(method: string, { action, isRegistration }: FeaturesTarget): State | undefined {
  const verb = isRegistration ? method : `${method} ${action}`;
  switch (verb) {
    case "PUT":
    case "POST register":
      return "Registered";
    case "DELETE":
    case "POST unregister":
      return "Unregistered";
    default:
      return undefined;
  }
}

function render(
  { subscription, isRegistration }: FeaturesTarget,
  { namespace, name, state }: Feature,
): JsonObject {
  const features = `/subscriptions/${subscription}/providers/Microsoft.Features`;
  if (isRegistration) {
    return {
      id: `${features}/featureProviders/${namespace}/subscriptionFeatureRegistrations/${name}`,
      name,
      type: "Microsoft.Features/featureProviders/subscriptionFeatureRegistrations",
      properties: {
        state,
        subscriptionId: subscription,
        providerNamespace: namespace,
        featureName: name,
      },
    };
  }
  return {
    id: `${features}/providers/${namespace}/features/${name}`,
    name: `${namespace}/${name}`,
    type: "Microsoft.Features/providers/features",
    properties: { state },
  };
}
