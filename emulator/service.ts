import type { IncomingHttpHeaders } from "node:http";
import type { World } from "../shared/simulator/model.ts";

/**
 * The local Azure is a set of stateful services behind handlers of this shape. The https server mounts
 * them; tests may call them without a socket.
 */
export interface WireRequest {
  readonly method: string;
  /** Decoded path without the query; the case is the caller's. */
  readonly path: string;
  /** Keys are percent-decoded and lower-cased: the fleet SDK sends `api%2Dversion`. */
  readonly query: ReadonlyMap<string, string>;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Aborts when the caller hangs up: ends watches. */
  readonly signal: AbortSignal;
}

export interface WireReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, an async iterable as chunks, undefined as an empty body. */
  readonly body?: object | string | Buffer | AsyncIterable<string>;
}

export interface Service {
  /** Undefined: not mine, ask the next. */
  handle(request: WireRequest): Promise<WireReply | undefined> | WireReply | undefined;
}

/** Control of one service, below `/_emulator`. */
export interface ControlService extends Service {
  /** What it answers, one line each: `POST /_emulator/… {body}`. */
  readonly calls: readonly string[];
}

/** Virtual time of the emulator, and work at a virtual time. One real timer serves it all. */
export interface Pacer {
  /** Virtual milliseconds since the Unix epoch; reading it first lets the world catch up. */
  now(): number;
  /** Runs `task` at a virtual time; returns the function that cancels it. */
  at(time: number, task: () => void): () => void;
  /** Virtual milliseconds per real one; 0 when the clock is moved by hand. */
  readonly factor: number;
  /** Moves a clock (of any kind) forward. */
  advance(milliseconds: number): void;
  /** From now on so many virtual milliseconds per real one; 0: moved by hand alone. */
  pace(factor: number): void;
}

/** The caller of a request, as its bearer token tells. */
export interface Principal {
  readonly objectId: string;
  readonly clientId: string;
  readonly name: string;
  /** ARM actions (wildcards allowed) with the scope (ARM id prefix) at which they were granted. */
  readonly grants: readonly Grant[];
}

export interface Grant {
  readonly actions: readonly string[];
  /** Taken away from the actions again. */
  readonly notActions?: readonly string[];
  readonly scope: string;
}

/** What every service may use. The composition in emulator.ts makes one per emulator. */
export interface Environment {
  readonly world: World;
  readonly pacer: Pacer;
  readonly audit: Audit;
  readonly tokens: TokenAuthority;
  readonly tenant: string;
  readonly subscription: string;
  /** Folder for files that clients need (CA, repositories); removed when the emulator closes. */
  readonly directory: string;
  /** `https://127.0.0.1:PORT`, known once the server listens. */
  origin(): string;
  /** PEM of the CA that signed the server's certificate. */
  readonly caPem: string;
}

export interface TokenAuthority {
  /** The principal of a request's bearer token; a Refusal when there is none, or it is expired or foreign. */
  authenticate(request: WireRequest, audiences: readonly string[]): Principal | Refusal;
  /** A signed JWT of the tenant (`https://sts.windows.net/{tenant}/`). */
  issue(
    principal: Principal,
    audience: string,
  ): { readonly token: string; readonly expiresIn: number };
  /** Does the principal hold the action at the scope? */
  allows(principal: Principal, action: string, scope: string): boolean;
  readonly principals: readonly Principal[];
  /** What a principal may do from now on, in place of what it might; nobody, when the tenant does not know it. */
  setGrants(objectId: string, grants: readonly Grant[]): void;
}

export interface Refusal {
  readonly refused: string;
  /** The error code that ARM answers, such as `ExpiredAuthenticationToken`. */
  readonly code?: string;
}

/** Every write that reached a service, and counts of all calls. */
export interface Audit {
  record(entry: Omit<AuditEntry, "at" | "sequence">): void;
  readonly entries: readonly AuditEntry[];
}

export interface AuditEntry {
  readonly sequence: number;
  /** Virtual time, ISO 8601. */
  readonly at: string;
  readonly service: "arm" | "kubernetes" | "event-grid" | "github" | "entra" | "key-vault";
  readonly method: string;
  /** Operation name, such as `PUT fleets/updateRuns` or `POST agentPools/upgradeNodeImageVersion`. */
  readonly operation: string;
  readonly path: string;
  readonly status: number;
  readonly principal: string | undefined;
  readonly write: boolean;
}
