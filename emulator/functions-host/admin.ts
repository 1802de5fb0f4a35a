import type { WireReply, WireRequest } from "../service.ts";
import type { Trigger } from "./triggers.ts";

export interface AdminDeps {
  readonly isAuthorized: (request: WireRequest) => boolean;
  readonly triggers: readonly Trigger[];
  readonly triggerTimer: (name: string) => void;
}

/** The host's administrative endpoints: its state, its functions, and a timer function run by hand. */
export function answerAdmin(deps: AdminDeps, request: WireRequest): WireReply | undefined {
  if (!/^\/admin(\/|$)/i.test(request.path)) return undefined;
  if (!deps.isAuthorized(request)) return { status: 401 };
  const [, , area = "", name = ""] = request.path.split("/");
  if (request.method === "GET" && area.toLowerCase() === "host") {
    return { status: 200, body: { state: "Running", version: "4" } };
  }
  if (area.toLowerCase() !== "functions") return { status: 404 };
  if (request.method === "GET" && name === "") return { status: 200, body: deps.triggers };
  const found = deps.triggers.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (!found) return { status: 404 };
  if (request.method === "GET") return { status: 200, body: found };
  if (request.method !== "POST") return { status: 405 };
  if (found.type !== "timerTrigger") {
    return { status: 400, body: `only timer functions are run by hand; ${found.name} is none` };
  }
  deps.triggerTimer(found.name);
  return { status: 202 };
}
