import type { IncomingHttpHeaders } from "node:http";
import type { z } from "zod";
import type { WireReply } from "../service.ts";
import { GitHubError, notFound } from "./errors.ts";
import type { Access, Actor, App, Hub, Permission, Repository, Token } from "./hub.ts";

export type Caller =
  | { readonly kind: "anonymous" }
  | { readonly kind: "token"; readonly token: Token }
  /** A JWT of the App itself: only for finding installations and for their tokens. */
  | { readonly kind: "app"; readonly app: App };

export interface Call {
  readonly hub: Hub;
  readonly caller: Caller;
  /** `https://127.0.0.1:PORT/github`: what all links of a reply begin with. */
  readonly base: string;
  /** Below the base, such as `/repos/o/r/issues`. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: ReadonlyMap<string, string>;
  readonly headers: IncomingHttpHeaders;
  /** Parsed JSON; undefined when the request had no body. */
  readonly body: unknown;
}

export interface RepositoryCall extends Call {
  readonly repository: Repository;
  /** `…/repos/owner/name`. */
  readonly url: string;
}

export type Need = `${Permission}:${Access}`;
type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
type Answer = WireReply | Promise<WireReply>;

export type Route =
  | {
      readonly scope: "repository";
      readonly method: Method;
      /** Below `repos/{owner}/{repo}`; `{name}` is one segment, `{name*}` the rest. */
      readonly pattern: string;
      /** One of them is enough. */
      readonly needs: readonly Need[];
      readonly answer: (call: RepositoryCall) => Answer;
    }
  | {
      readonly scope: "root";
      readonly method: Method;
      readonly pattern: string;
      readonly answer: (call: Call) => Answer;
    };

export function inRepository(
  method: Method,
  pattern: string,
  needs: Need | readonly Need[],
  answer: (call: RepositoryCall) => Answer,
): Route {
  return {
    scope: "repository",
    method,
    pattern,
    needs: typeof needs === "string" ? [needs] : needs,
    answer,
  };
}

export function atRoot(method: Method, pattern: string, answer: (call: Call) => Answer): Route {
  return { scope: "root", method, pattern, answer };
}

export function param(call: Call, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw notFound();
  return value;
}

export function numberParam(call: Call, name: string): number {
  const text = param(call, name);
  if (!/^\d{1,15}$/.test(text)) throw notFound();
  return Number(text);
}

/** The person or bot that a write is attributed to. */
export function callingActor(call: Call): Actor {
  if (call.caller.kind === "token") return call.caller.token.actor;
  throw new GitHubError(401, "Requires authentication");
}

export function callingApp(call: Call): App | undefined {
  return call.caller.kind === "token" ? call.caller.token.app : undefined;
}

/** Parses a body, with GitHub's words for what is missing or of the wrong kind. */
export function readBody<T extends z.ZodType>(call: Call, schema: T): z.output<T> {
  const parsed = schema.safeParse(call.body ?? {});
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => describe(issue, call.body));
  throw new GitHubError(422, `Invalid request.\n\n${problems.join("\n")}`);
}

function describe(issue: z.core.$ZodIssue, body: unknown): string {
  const field = issue.path.join("/");
  return valueAt(body, issue.path) === undefined
    ? `"${field}" wasn't supplied.`
    : `For 'properties/${field}', ${issue.message}.`;
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  let value = body;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

export function json(
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): WireReply {
  return { status, headers, body };
}

export const noContent: WireReply = { status: 204 };
