import { getClient } from "@azure-rest/core-client";
import type { Client, ClientOptions } from "@azure-rest/core-client";
import type { TokenCredential } from "@azure/identity";
import type { Clock } from "../core/clock.ts";
import { SECOND } from "../core/duration.ts";
import { armOperation } from "./arm-operation.ts";
import { createAzureClock } from "./azure-clock.ts";
import type { AzureClock } from "./azure-clock.ts";
import { toFleetwrightError, toRefusal } from "./errors.ts";
import { useProxy } from "./proxy-policy.ts";
import { throttleLanes } from "./throttle-lanes.ts";
import type { LaneOptions } from "./throttle-lanes.ts";
import { isRenewable, renewalPolicy } from "./token-renewal.ts";

/** What the functions under "/api" of both ARM libraries take as their first argument. */
export interface ArmContext extends Client {
  subscriptionId: string;
  apiVersion: string;
}

/** Azure Resource Manager: one pipeline, one token cache, one retry policy for every adapter. */
export interface ArmClient {
  readonly endpoint: string;
  /** Azure's time, from the `Date` header of its answers. */
  readonly clock: Clock;
  /** Requests that the libraries do not know. Answers of 400 and above are thrown, translated. */
  readonly rest: Client;
  /** How long to wait between two looks at a long-running operation that does not say. */
  readonly pollIntervalMs: number;
  context(subscription: string, apiVersion: string): ArmContext;
  /** Runs a call whose failure may come from the polling rather than from a response. */
  attempt<T>(id: string, action: string, call: () => PromiseLike<T>): Promise<T>;
}

export interface ArmClientOptions {
  readonly endpoint: string;
  readonly credential: TokenCredential;
  /** Role to name when a permission is missing: that of the identity this process signs in with. */
  readonly role?: string;
  /** PEM of the certificate authority to trust, instead of the machine's and NODE_EXTRA_CA_CERTS. */
  readonly ca?: string;
  readonly maxRetries?: number;
  /** Given by who can wait for minutes: requests that Azure throttles queue up instead of failing. */
  readonly lanes?: LaneOptions;
  readonly pollIntervalMs?: number;
}

const OPERATOR_ROLE = "Fleetwright operator";

/** Three tries after the first one outlast a short failover and end within a minute. */
const MAX_RETRIES = 3;
const FIRST_RETRY_DELAY_MS = SECOND;
const MAX_RETRY_DELAY_MS = 16 * SECOND;
/** A longer `Retry-After` is for the caller to plan with, not for a request to sleep through. */
const MAX_RETRY_AFTER_SECONDS = 120;
const REQUEST_TIMEOUT_MS = 100 * SECOND;
/** Reads of operation states are limited to 2 per second and subscription: 60 operations fit at 30 s. */
const POLL_INTERVAL_MS = 30 * SECOND;

type Policy = Parameters<Client["pipeline"]["addPolicy"]>[0];

export function createArmClient(options: ArmClientOptions): ArmClient {
  const clock = createAzureClock();
  const role = options.role ?? OPERATOR_ROLE;
  const rest = getClient(options.endpoint, options.credential, clientOptions(options));
  useProxy(rest);
  // Outside of sign-in and retries, so that it sees how a request ended, not how it went.
  rest.pipeline.addPolicy(translationPolicy(role), {
    beforePolicies: ["bearerTokenAuthenticationPolicy"],
  });
  if (isRenewable(options.credential)) {
    rest.pipeline.addPolicy(renewalPolicy(options.credential, scopeOf(options)), {
      afterPolicies: ["bearerTokenAuthenticationPolicy"],
    });
  }
  rest.pipeline.addPolicy(attemptPolicy(clock), { afterPhase: "Retry" });
  if (options.lanes !== undefined) {
    // Outside of the sign-in, so that a request which waited goes with a fresh token.
    rest.pipeline.addPolicy(throttleLanes(options.lanes), {
      afterPhase: "Retry",
      beforePolicies: ["bearerTokenAuthenticationPolicy", "fleetwrightAttemptPolicy"],
    });
  }
  return {
    endpoint: options.endpoint,
    clock,
    rest,
    pollIntervalMs: options.pollIntervalMs ?? POLL_INTERVAL_MS,
    context: (subscriptionId, apiVersion) => ({ ...rest, subscriptionId, apiVersion }),
    async attempt(id, action, call) {
      try {
        return await call();
      } catch (error) {
        throw toFleetwrightError(error, { id, action, role });
      }
    },
  };
}

function clientOptions(options: ArmClientOptions): ClientOptions {
  return {
    endpoint: options.endpoint,
    credentials: { scopes: [scopeOf(options)] },
    userAgentOptions: { userAgentPrefix: "fleetwright" },
    retryOptions: {
      maxRetries: options.maxRetries ?? MAX_RETRIES,
      retryDelayInMs: FIRST_RETRY_DELAY_MS,
      maxRetryDelayInMs: MAX_RETRY_DELAY_MS,
    },
    ...(options.ca === undefined ? {} : { tlsOptions: { ca: options.ca } }),
  };
}

function scopeOf({ endpoint }: ArmClientOptions): string {
  return `${endpoint}/.default`;
}

/** Turns every refusal and every failure on the road into an error that names resource and action. */
function translationPolicy(role: string): Policy {
  return {
    name: "fleetwrightTranslationPolicy",
    async sendRequest(request, next) {
      const { method, url } = request;
      try {
        const response = await next(request);
        if (response.status < 400) return response;
        throw toFleetwrightError(response, { ...armOperation(method, url), role });
      } catch (error) {
        throw toFleetwrightError(error, { ...armOperation(method, url), role });
      }
    },
  };
}

/** Per try: a bound on its time, Azure's clock, and a bound on how long Azure may send us to sleep. */
function attemptPolicy(clock: AzureClock): Policy {
  return {
    name: "fleetwrightAttemptPolicy",
    async sendRequest(request, next) {
      request.timeout ||= REQUEST_TIMEOUT_MS;
      const response = await next(request);
      clock.observe(response.headers.get("date"));
      const wait = Number(response.headers.get("retry-after"));
      if (response.status >= 400 && wait > MAX_RETRY_AFTER_SECONDS) {
        throw toRefusal(response.status, wait, response.bodyAsText);
      }
      return response;
    },
  };
}
