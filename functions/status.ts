import {
  app,
  type HttpRequest,
  type HttpResponseInit,
  type InvocationContext,
} from "@azure/functions";
import { compose } from "./host/compose.ts";
import { readStatus } from "./host/status.ts";

/** Fleets, runs, gates and quarantined nodes, as the next look would see them. */
export async function status(
  _request: HttpRequest,
  context: InvocationContext,
): Promise<HttpResponseInit> {
  return {
    jsonBody: await readStatus(compose(context)),
    headers: { "cache-control": "no-store" },
  };
}

app.http("status", { route: "status", methods: ["GET"], authLevel: "function", handler: status });
