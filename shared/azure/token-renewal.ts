import type { Client } from "@azure-rest/core-client";
import type { TokenCredential } from "@azure/identity";
import type { RenewableCredential } from "./token-cache.ts";

type Policy = Parameters<Client["pipeline"]["addPolicy"]>[0];

export function isRenewable(credential: TokenCredential): credential is RenewableCredential {
  return "renew" in credential;
}

/**
 * Answers a 401 with a fresh token, once per request: a token can be refused before its time, when it was
 * revoked or when the machine slept. The library keeps the refused one until it expires, and is
 * overruled until then.
 */
export function renewalPolicy(credential: RenewableCredential, scope: string): Policy {
  let refused: string | undefined;
  let fresh = "";
  return {
    name: "fleetwrightRenewalPolicy",
    async sendRequest(request, next) {
      const given = request.headers.get("authorization");
      const sent = given === refused && refused !== undefined ? fresh : given;
      if (sent !== undefined) request.headers.set("authorization", sent);
      const response = await next(request);
      if (response.status !== 401) return response;
      // Another request may have met the refusal first: its fresh token serves this one, too.
      if (given !== refused || sent === fresh) {
        fresh = `Bearer ${(await credential.renew(scope)).token}`;
        refused = given;
      }
      request.headers.set("authorization", fresh);
      return next(request);
    },
  };
}
