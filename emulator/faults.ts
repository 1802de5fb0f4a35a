import type { WireReply, WireRequest } from "./service.ts";

export type FaultyService = "arm" | "kubernetes" | "event-grid" | "github" | "entra";

/** A disturbance of the next requests that match. */
export interface Fault {
  /** Absent: of every service. */
  readonly service?: FaultyService;
  readonly match?: { readonly method?: string; readonly path?: RegExp };
  /** 0 hangs up without an answer. */
  readonly status: number;
  /** Requests that it meets before it is spent. */
  readonly count: number;
  readonly retryAfterSeconds?: number;
  /** Real milliseconds before the answer. */
  readonly delayMilliseconds?: number;
}

/** Faults waiting at one time: more than a test writes by hand. */
const MAX_FAULTS = 1_000;

/** Faults that a test has asked for. Control itself is never disturbed. */
export class FaultInjector {
  #faults: { readonly fault: Fault; left: number }[] = [];

  get waiting(): number {
    return this.#faults.length;
  }

  /** False when too many are waiting. */
  add(fault: Fault): boolean {
    if (this.#faults.length >= MAX_FAULTS) return false;
    this.#faults.push({ fault, left: fault.count });
    return true;
  }

  clear(): void {
    this.#faults = [];
  }

  /** The answer of the first fault that matches; undefined lets the request pass. */
  async meet(request: WireRequest): Promise<WireReply | "hang-up" | undefined> {
    const met = this.#faults.find(({ fault }) => matches(fault, request));
    if (!met) return undefined;
    met.left -= 1;
    if (met.left <= 0) this.#faults = this.#faults.filter((one) => one !== met);
    const { status, delayMilliseconds } = met.fault;
    if (delayMilliseconds !== undefined) await pause(delayMilliseconds);
    return status === 0 ? "hang-up" : faultReply(met.fault, serviceOf(request.path));
  }
}

function matches({ service, match }: Fault, request: WireRequest): boolean {
  if (service !== undefined && service !== serviceOf(request.path)) return false;
  if (match?.method !== undefined && match.method !== request.method) return false;
  return match?.path === undefined || match.path.test(request.path);
}

function serviceOf(path: string): FaultyService {
  const first = path.split("/")[1]?.toLowerCase() ?? "";
  if (first === "clusters") return "kubernetes";
  if (first === "topics") return "event-grid";
  if (first === "github") return "github";
  const isArm = first === "subscriptions" || first === "metadata" || first === "tenants";
  return isArm ? "arm" : "entra";
}

/** Errors in the form of the service that makes them. */
function faultReply({ status, retryAfterSeconds }: Fault, service: FaultyService): WireReply {
  const headers: Record<string, string> =
    retryAfterSeconds === undefined ? {} : { "Retry-After": String(retryAfterSeconds) };
  const message = "a fault that was asked for";
  if (service === "github") return { status, headers, body: { message } };
  if (service === "kubernetes") {
    const body = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message };
    return { status, headers, body: { ...body, reason: "InternalError", code: status } };
  }
  if (service === "entra") {
    return { status, headers, body: { error: "server_error", error_description: message } };
  }
  const code = status === 429 ? "TooManyRequests" : "InternalServerError";
  return { status, headers, body: { error: { code, message } } };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
