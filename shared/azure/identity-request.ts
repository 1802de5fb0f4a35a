import { getClient } from "@azure-rest/core-client";
import type { PathUncheckedResponse } from "@azure-rest/core-client";
import { SECOND } from "../core/duration.ts";
import { toFleetwrightError } from "./errors.ts";
import { useProxy } from "./proxy-policy.ts";

export const SIGN_IN_TIMEOUT_MS = 30 * SECOND;
const MAX_RETRIES = 2;

type Client = ReturnType<typeof getClient>;

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
    return await call(client);
  } catch (error) {
    throw toFleetwrightError(error, { id: endpoint, action: "sign-in", role: "" });
  }
}
