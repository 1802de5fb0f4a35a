import { randomUUID } from "node:crypto";
import type { Instant, OperationStatus } from "../../shared/simulator/model.ts";
import type { Pacer, WireReply } from "../service.ts";
import { ArmError } from "./provider.ts";
import type { OperationTarget } from "./request.ts";
import { armTime, armTimeIfAny } from "./time.ts";

/** Operations kept for polling: ARM forgets them after some hours. */
const MAX_TRACKED_OPERATIONS = 10_000;
/** Pause between two polls, in virtual time; in real time never less than the bounds below. */
const POLL_INTERVAL_SECONDS = 10;
const MIN_RETRY_AFTER_SECONDS = 1;
const MIN_RETRY_AFTER_MILLISECONDS = 50;

export interface OperationState {
  readonly status: OperationStatus;
  readonly startedAt: Instant;
  readonly endedAt: Instant | undefined;
  readonly error: { readonly code: string; readonly message: string } | undefined;
}

export interface LongRunningOperation {
  readonly id: string;
  readonly subscription: string;
  readonly location: string;
  /** Read at every poll: state moves with time, not with polls. */
  readonly state: () => OperationState;
  /** What `Location` answers in the end; absent for a deletion. */
  readonly result?: () => WireReply;
}

export interface OperationOptions {
  readonly pacer: Pacer;
  readonly origin: () => string;
}

export class Operations {
  readonly #options: OperationOptions;
  readonly #tracked = new Map<string, LongRunningOperation>();

  constructor(options: OperationOptions) {
    this.#options = options;
  }

  /** Remembers an operation; returns the headers by which a caller follows it. */
  track(operation: LongRunningOperation, apiVersion: string): Record<string, string> {
    const [oldest] = this.#tracked.keys();
    if (this.#tracked.size >= MAX_TRACKED_OPERATIONS && oldest) this.#tracked.delete(oldest);
    this.#tracked.set(operation.id.toLowerCase(), operation);
    return {
      "Azure-AsyncOperation": this.#url(operation, "operations", apiVersion),
      Location: this.#url(operation, "operationresults", apiVersion),
      ...this.pollHeaders(),
    };
  }

  /** An operation that takes a fixed virtual time and cannot fail. */
  timed(
    target: Pick<LongRunningOperation, "subscription" | "location"> & { endsAt: Instant },
    result?: () => WireReply,
  ): LongRunningOperation {
    const { subscription, location, endsAt } = target;
    const startedAt = this.#options.pacer.now();
    const state = (): OperationState => {
      const ended = this.#options.pacer.now() >= endsAt;
      return {
        status: ended ? "Succeeded" : "InProgress",
        startedAt,
        endedAt: ended ? endsAt : undefined,
        error: undefined,
      };
    };
    return { id: randomUUID(), subscription, location, state, ...(result ? { result } : {}) };
  }

  /** `Retry-After` is never 0: the Azure CLI takes 0 for "not given" and sleeps 30 seconds. */
  pollHeaders(): Record<string, string> {
    return retryHeaders(POLL_INTERVAL_SECONDS * 1_000, this.#options.pacer.factor);
  }

  answer(target: OperationTarget): WireReply {
    const operation = this.#tracked.get(target.id.toLowerCase());
    if (!operation || operation.subscription.toLowerCase() !== target.subscription.toLowerCase()) {
      throw new ArmError(404, "NotFound", `The operation ${target.id} was not found.`);
    }
    return target.kind === "operation" ? this.#status(operation) : this.#result(operation);
  }

  #status(operation: LongRunningOperation): WireReply {
    const { status, startedAt, endedAt, error } = operation.state();
    const endTime = armTimeIfAny(endedAt);
    return {
      status: 200,
      headers: status === "InProgress" ? this.pollHeaders() : {},
      body: {
        name: operation.id,
        status,
        startTime: armTime(startedAt),
        ...(endTime === undefined ? {} : { endTime }),
        ...(error === undefined ? {} : { error }),
      },
    };
  }

  #result(operation: LongRunningOperation): WireReply {
    const { status, error } = operation.state();
    if (status === "InProgress") {
      const location = this.#url(operation, "operationresults", "2025-03-01");
      return { status: 202, headers: { Location: location, ...this.pollHeaders() } };
    }
    if (status === "Succeeded") return operation.result?.() ?? { status: 204 };
    const { code, message } = error ?? { code: status, message: `The operation was ${status}.` };
    throw new ArmError(409, code, message);
  }

  #url(operation: LongRunningOperation, kind: string, apiVersion: string): string {
    const { origin, pacer } = this.#options;
    const base = `${origin()}/subscriptions/${operation.subscription}/providers/Microsoft.ContainerService`;
    const query = new URLSearchParams({ "api-version": apiVersion, t: String(pacer.now()) });
    return `${base}/locations/${operation.location}/${kind}/${operation.id}?${query}`;
  }
}

/** A pause of virtual time, as headers for a client that lives in real time. */
export function retryHeaders(virtualMilliseconds: number, factor: number): Record<string, string> {
  const real = factor === 0 ? 0 : virtualMilliseconds / factor;
  return {
    "Retry-After": String(Math.max(MIN_RETRY_AFTER_SECONDS, Math.ceil(real / 1_000))),
    "x-ms-retry-after-ms": String(Math.max(MIN_RETRY_AFTER_MILLISECONDS, Math.ceil(real))),
  };
}
