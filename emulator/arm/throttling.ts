import { ArmError } from "./provider.ts";
import { retryHeaders } from "./operations.ts";
import type { ResourceTarget } from "./request.ts";

/** A bucket of tokens that fills again with time. */
interface BucketSize {
  readonly burst: number;
  readonly refillPerSecond: number;
}

interface Limit extends BucketSize {
  /** Calls with the same key share a bucket. */
  readonly key: string;
  readonly code: "TooManyRequests" | "Throttled";
  /** In which an answer says how many calls are left. */
  readonly header?: string;
}

/** Per subscription, region and principal. Source: learn.microsoft.com, ARM request limits and throttling */
const ARM_READS: BucketSize = { burst: 250, refillPerSecond: 25 };
const ARM_WRITES: BucketSize = { burst: 200, refillPerSecond: 10 };
/** All principals of a subscription together have this many times the bucket of one. */
const GLOBAL_SHARES = 15;

/** Per region. Source: learn.microsoft.com/azure/aks/quotas-skus-regions, throttling limits */
const AKS_LIST_BY_SUBSCRIPTION: BucketSize = { burst: 500, refillPerSecond: 1 };
const AKS_LIST_BY_GROUP: BucketSize = { burst: 60, refillPerSecond: 1 };
const AKS_PUT_RESOURCE: BucketSize = { burst: 20, refillPerSecond: 1 / 60 };
const AKS_GET_CLUSTER: BucketSize = { burst: 60, refillPerSecond: 1 };
const AKS_GET_OPERATION: BucketSize = { burst: 200, refillPerSecond: 2 };
const AKS_OTHERS: BucketSize = { burst: 60, refillPerSecond: 1 };

/** Buckets kept; a full bucket can be forgotten, so dropping the oldest harms little. */
const MAX_BUCKETS = 20_000;

export interface ThrottledCall {
  readonly method: string;
  readonly subscription: string;
  readonly principal: string;
  readonly target: ResourceTarget | { readonly kind: "operation" | "other" };
}

/** The token buckets of ARM and of the AKS resource provider, in virtual time. */
export class Throttle {
  readonly #buckets = new Map<string, { tokens: number; at: number }>();
  readonly #now: () => number;
  readonly #factor: number;

  constructor(now: () => number, factor: number) {
    this.#now = now;
    this.#factor = factor;
  }

  /** Takes a token of every bucket that the call needs; returns the headers that tell what is left, or throws a 429. */
  take(call: ThrottledCall): Record<string, string> {
    const headers: Record<string, string> = {};
    for (const limit of limitsOf(call)) {
      const left = this.#takeOne(limit);
      if (limit.header !== undefined) headers[limit.header] = String(left);
    }
    return headers;
  }

  #takeOne(limit: Limit): number {
    const now = this.#now();
    const before = this.#buckets.get(limit.key) ?? { tokens: limit.burst, at: now };
    const refilled = before.tokens + ((now - before.at) / 1_000) * limit.refillPerSecond;
    const tokens = Math.min(limit.burst, refilled);
    this.#keep(limit.key, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
    if (tokens >= 1) return Math.floor(tokens - 1);
    const wait = ((1 - tokens) / limit.refillPerSecond) * 1_000;
    throw new ArmError(
      429,
      limit.code,
      "The request is being throttled as the limit has been reached for its operation type. " +
        "Retry after the time of the Retry-After header.",
      retryHeaders(wait, this.#factor),
    );
  }

  #keep(key: string, bucket: { tokens: number; at: number }): void {
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size >= MAX_BUCKETS && oldest !== undefined) this.#buckets.delete(oldest);
    this.#buckets.set(key, bucket);
  }
}

function limitsOf(call: ThrottledCall): Limit[] {
  const isRead = call.method === "GET" || call.method === "HEAD";
  const size = isRead ? ARM_READS : ARM_WRITES;
  const kind = isRead ? "reads" : call.method === "DELETE" ? "deletes" : "writes";
  const arm = (scope: string, shares: number, header: string): Limit => ({
    burst: size.burst * shares,
    refillPerSecond: size.refillPerSecond * shares,
    key: `arm ${kind} ${scope}`.toLowerCase(),
    code: "TooManyRequests",
    header: `x-ms-ratelimit-remaining-subscription-${header}${kind}`,
  });
  const limits = [
    arm(`${call.subscription}/${call.principal}`, 1, ""),
    arm(call.subscription, GLOBAL_SHARES, "global-"),
  ];
  const aks = aksLimit(call);
  return aks ? [...limits, aks] : limits;
}

function aksLimit(call: ThrottledCall): Limit | undefined {
  const subscription = call.subscription.toLowerCase();
  const limit = (size: BucketSize, key: string): Limit => ({
    ...size,
    key: key.toLowerCase(),
    code: "Throttled",
  });
  const { target } = call;
  if (target.kind === "operation") return limit(AKS_GET_OPERATION, `operations ${subscription}`);
  if (target.kind !== "resource") return undefined;
  const [[type = "", cluster] = [], second] = target.segments;
  const isAks = ["managedclusters", "snapshots"].includes(type.toLowerCase());
  if (target.namespace.toLowerCase() !== "microsoft.containerservice" || !isAks) return undefined;
  const resource = `${subscription}/${target.resourceGroup}/${cluster}/${second?.[1] ?? ""}`;
  if (type.toLowerCase() === "managedclusters" && target.segments.length === 1) {
    if (call.method === "PUT") return limit(AKS_PUT_RESOURCE, `put ${resource}`);
    if (call.method === "GET" && cluster !== undefined)
      return limit(AKS_GET_CLUSTER, `get ${resource}`);
    if (call.method === "GET") {
      return target.resourceGroup === undefined
        ? limit(AKS_LIST_BY_SUBSCRIPTION, `list ${subscription}`)
        : limit(AKS_LIST_BY_GROUP, `list ${subscription}/${target.resourceGroup}`);
    }
  }
  const isPool = second?.[0].toLowerCase() === "agentpools" && target.segments.length === 2;
  if (call.method === "PUT" && isPool) return limit(AKS_PUT_RESOURCE, `put ${resource}`);
  return limit(AKS_OTHERS, `others ${subscription}`);
}
