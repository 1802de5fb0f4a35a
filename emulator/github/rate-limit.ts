import { atRoot, type Call, json, type Route } from "./call.ts";
import { rateState, type RateState } from "./limits.ts";

/** Limits are counted per person or App. */
export function rateKey(call: Pick<Call, "caller">): string {
  switch (call.caller.kind) {
    case "token":
      return `user ID ${call.caller.token.actor.id}`;
    case "app":
      return `app ID ${call.caller.app.id}`;
    case "anonymous":
      return "127.0.0.1";
  }
}

export function callersRate(call: Pick<Call, "caller" | "hub">): RateState {
  return rateState(call.hub.limits, rateKey(call), call.hub.now());
}

export const rateLimitRoutes: readonly Route[] = [
  atRoot("GET", "rate_limit", (call) => {
    const rate = callersRate(call);
    return json(200, { resources: { core: rate, search: rate }, rate });
  }),
];
