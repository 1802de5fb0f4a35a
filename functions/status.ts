import {
  app,
  type HttpRequest,
  type HttpResponseInit,
  type InvocationContext,
} from "@azure/functions";
import { compose } from "./host/compose.ts";
import { readStatus } from "./host/status.ts";
import { PAGE_HEADERS, renderPage, wantsPage } from "./status-page/page.ts";

/** Fleets, runs, gates and quarantined nodes, as the next look would see them: JSON, or a page. */
export async function status(
  request: HttpRequest,
  context: InvocationContext,
): Promise<HttpResponseInit> {
  const document = await readStatus(compose(context));
  if (wantsPage(request.headers.get("accept"), request.query.get("format"))) {
    return { body: renderPage(document), headers: PAGE_HEADERS };
  }
  return { jsonBody: document, headers: { "cache-control": "no-store", vary: "accept" } };
}

app.http("status", { route: "status", methods: ["GET"], authLevel: "function", handler: status });
