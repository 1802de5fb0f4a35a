import {
  app,
  type HttpRequest,
  type HttpResponseInit,
  type InvocationContext,
} from "@azure/functions";
import { FleetwrightError } from "../shared/core/errors.ts";
import { readStatus } from "../shared/status/status.ts";
import { compose } from "./host/compose.ts";
import { currentDeclarations } from "./host/look.ts";
import { packed } from "./status-page/packed.ts";
import { PAGE_HEADERS, renderPage, renderProblem, wantsPage } from "./status-page/page.ts";

const JSON_HEADERS = { "content-type": "application/json", "cache-control": "no-store" };

/** Fleets, runs, gates and quarantined nodes, as the next look would see them: JSON, or a page. */
export async function status(
  request: HttpRequest,
  context: InvocationContext,
): Promise<HttpResponseInit> {
  const asPage = wantsPage(request.headers.get("accept"), request.query.get("format"));
  try {
    const deps = compose(context);
    const document = await readStatus(deps, await currentDeclarations(deps));
    const text = asPage ? renderPage(document) : JSON.stringify(document);
    const headers = asPage ? PAGE_HEADERS : JSON_HEADERS;
    return packed(text, headers, request.headers.get("accept-encoding"));
  } catch (error) {
    if (!(error instanceof FleetwrightError)) throw error;
    context.error(JSON.stringify({ message: "no status", code: error.code, why: error.message }));
    return refusal(error, asPage);
  }
}

/** A setting, GitHub or the storage is missing: the person who reads this may be the one to mend it. */
function refusal({ code, message, remedy }: FleetwrightError, asPage: boolean): HttpResponseInit {
  if (asPage) return { status: 503, body: renderProblem(message, remedy), headers: PAGE_HEADERS };
  return { status: 503, jsonBody: { error: { code, message, remedy } } };
}

app.http("status", { route: "status", methods: ["GET"], authLevel: "function", handler: status });
