import type { Principal, WireReply, WireRequest } from "../service.ts";

/** An ARM request, taken apart. Names keep the caller's case; compare without it. */
export interface ArmRequest {
  readonly wire: WireRequest;
  readonly method: string;
  readonly apiVersion: string;
  readonly subscription: string;
  readonly resourceGroup: string | undefined;
  /** Lower-cased provider namespace, such as `microsoft.containerservice`. */
  readonly namespace: string;
  /** Pairs after the namespace: `[["fleets","f1"],["updateRuns","r1"]]`; types lower-cased. A collection's last pair has no name. */
  readonly segments: readonly (readonly [type: string, name: string | undefined])[];
  /** Last, unpaired segment of a POST, such as `start`; lower-cased. */
  readonly action: string | undefined;
  /** For an extension resource: the ARM id before its `/providers/`. */
  readonly scope: string | undefined;
  readonly principal: Principal;
  /** Parsed JSON body; `{}` when empty. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** A resource provider (one namespace). It throws ArmError, never a reply with an error body of its own. */
export interface ResourceProvider {
  readonly namespace: string;
  handle(request: ArmRequest): WireReply | Promise<WireReply>;
  /** Deletes what it has in a resource group that is being deleted. */
  deleteGroup?(subscription: string, resourceGroup: string): void;
}

/** Becomes `{"error":{"code","message"}}` with this status. */
export class ArmError extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = "ArmError";
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}
