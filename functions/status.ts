import {
  app,
  type HttpRequest,
  type HttpResponseInit,
  type InvocationContext,
} from "@azure/functions";
import { FleetwrightError } from "../shared/core/errors.ts";
import { readStatus } from "../shared/status/status.ts";
import { compose, type App } from "./host/compose.ts";
import { currentDeclarations } from "./host/look.ts";
import { PAGE_HEADERS, renderPage, renderProblem, wantsPage } from "./status-page/page.ts";

/** Fleets, runs, gates and quarantined nodes, as the next look would see them: JSON, or a page. */
export async function status(
  request: HttpRequest,
  context: InvocationContext,
): Promise<HttpResponseInit> {
  const asPage = wantsPage(request.headers.get("accept"), request.query.get("format"));
  try {
    return await answer(compose(context), asPage);
  } catch (error) {
    if (!(error instanceof FleetwrightError)) throw error;
    context.error(JSON.stringify({ message: "no status", code: error.code, why: error.message }));
    return refusal(error, asPage);
  }
}

async function answer(deps: App, asPage: boolean): Promise<HttpResponseInit> {
  const document = await readStatus(deps, await currentDeclarations(deps));
  if (asPage) return { body: renderPage(document), headers: PAGE_HEADERS };
  return { jsonBody: document, headers: { "cache-control": "no-store", vary: "accept" } };
}

/** A setting, GitHub or the storage is missing: the person who reads this may be the one to mend it. */
function refusal({ code, message, remedy }: FleetwrightError, asPage: boolean): HttpResponseInit {
  if (asPage) return { status: 503, body: renderProblem(message, remedy), headers: PAGE_HEADERS };
  return { status: 503, jsonBody: { error: { code, message, remedy } } };
}

app.http("status", { route: "status", methods: ["GET"], authLevel: "function", handler: status });
