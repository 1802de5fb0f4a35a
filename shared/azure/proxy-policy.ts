import type { Client } from "@azure-rest/core-client";
import { proxyAgentFor } from "../http/proxy.ts";

/**
 * Sends a client's requests as all of ours go: the libraries' own policy reads NO_PROXY in another way, and
 * takes the refusal of a proxy for an answer of Azure.
 */
export function useProxy({ pipeline }: Client): void {
  pipeline.removePolicy({ name: "proxyPolicy" });
  pipeline.addPolicy({
    name: "fleetwrightProxyPolicy",
    sendRequest(request, next) {
      const agent = proxyAgentFor(new URL(request.url));
      if (agent !== undefined) request.agent ??= agent;
      return next(request);
    },
  });
}
