import { getClient } from "@azure-rest/core-client";
import type { PathUncheckedResponse } from "@azure-rest/core-client";
import { SECOND } from "../core/duration.ts";
import { FleetwrightError } from "../core/errors.ts";
import { toFleetwrightError } from "./errors.ts";
import { useProxy } from "./proxy-policy.ts";

export const SIGN_IN_TIMEOUT_MS = 30 * SECOND;
const MAX_RETRIES = 2;

type Client = ReturnType<typeof getClient>;

/** Too slow, or too many at once; like a failure of the service, it says nothing about the identity. */
const BUSY = /^(408|429|5\d\d)$/;

/** One request of a sign-in, over the pipeline that ARM needs anyway: it knows retries and timeouts. */
export async function reach(
  endpoint: string,
  call: (client: Client) => PromiseLike<PathUncheckedResponse>,
): Promise<PathUncheckedResponse> {
  const client = getClient(endpoint, {
    allowInsecureConnection: endpoint.startsWith("http://"),
    retryOptions: { maxRetries: MAX_RETRIES },
  });
  useProxy(client);
  try {
    const response = await call(client);
    if (BUSY.test(response.status)) throw noAnswer(endpoint, response.status);
    return response;
  } catch (error) {
    throw toFleetwrightError(error, { id: endpoint, action: "sign-in", role: "" });
  }
}

function noAnswer(endpoint: string, status: string): FleetwrightError {
  return new FleetwrightError("service-error", `${endpoint} answers the sign-in with ${status}`, {
    subject: endpoint,
    remedy: "try again in a minute: this says nothing about the identity",
  });
}
