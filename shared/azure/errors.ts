import { FleetwrightError } from "../core/errors.ts";
import type { ErrorCode } from "../core/errors.ts";
import { PROXY_REFUSED } from "../http/proxy.ts";

/** What a failed call was about, for the sentence that a person reads. */
export interface ErrorTarget {
  /** Resource id or endpoint. */
  readonly id: string;
  /** Azure action that the call needs, such as `Microsoft.ContainerService/fleets/updateRuns/write`. */
  readonly action: string;
  /** Role that contains the action. */
  readonly role: string;
}

/** What Azure, or the road to it, said. */
interface Failure {
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly message: string;
  readonly retryAfter: string | undefined;
}

const MAX_MESSAGE_LENGTH = 1_000;

/** The one translation of everything that a call to Azure can end with, other than success. */
export function toFleetwrightError(failure: unknown, target: ErrorTarget): FleetwrightError {
  if (failure instanceof FleetwrightError) return failure;
  const read = readFailure(failure);
  const details = { subject: target.id, cause: failure };
  const code = isSignInFailure(failure) ? "unauthorized" : errorCode(failure, read);
  switch (code) {
    case "unauthorized":
      return new FleetwrightError(code, unauthorizedSentence(read, target), details);
    case "not-found":
      return new FleetwrightError(
        code,
        `${target.id} does not exist, or this identity may not see it`,
        { ...details, remedy: `check the id, and grant the role '${target.role}' on it` },
      );
    case "throttled":
      return new FleetwrightError(code, `Azure throttles ${target.action} on ${target.id}`, {
        ...details,
        remedy: `wait ${read.retryAfter === undefined ? "some minutes" : `${read.retryAfter} s`} and try again`,
      });
    case "unreachable":
      return new FleetwrightError(code, `cannot reach ${target.id}: ${said(read)}`, {
        ...details,
        remedy: networkRemedy(read.code),
      });
    default:
      return new FleetwrightError(code, `${target.id}: ${said(read)}`, details);
  }
}

/** A refusal to be translated, and not to be retried. Not a RestError on purpose: the retry policy lets it pass. */
export function toRefusal(status: number, wait: number, body: string | null | undefined): Error {
  const headers = { "retry-after": String(wait) };
  return Object.assign(new Error(`status ${status}`), { status, headers, body: body ?? undefined });
}

/** Names of the errors of @azure/identity, which is not loaded just to recognise them. */
const SIGN_IN_ERRORS = new Set([
  "AuthenticationError",
  "AuthenticationRequiredError",
  "AggregateAuthenticationError",
  "CredentialUnavailableError",
]);

function isSignInFailure(failure: unknown): boolean {
  return failure instanceof Error && SIGN_IN_ERRORS.has(failure.name);
}

function errorCode(failure: unknown, { status, code }: Failure): ErrorCode {
  if (failure instanceof Error && failure.name === "AbortError") return "timed-out";
  if (status === undefined) return code === undefined ? "service-error" : "unreachable";
  if (status === 401 || status === 403) return "unauthorized";
  if (status === 404) return "not-found";
  if (status === 409 || status === 412) return "conflict";
  if (status === 429) return "throttled";
  return status >= 500 ? "service-error" : "invalid-input";
}

function readFailure(failure: unknown): Failure {
  const source = record(failure);
  const response = record(source["response"]);
  const service = errorObject(
    source["bodyAsText"] ?? source["body"] ?? response["bodyAsText"] ?? source["details"],
  );
  const status = source["statusCode"] ?? source["status"] ?? response["status"];
  return {
    status: status === undefined || Number.isNaN(Number(status)) ? undefined : Number(status),
    code: text(service["code"]) ?? text(source["code"]),
    message: text(service["message"]) ?? text(source["message"]) ?? "the service did not say why",
    retryAfter: retryAfter(source["headers"] ?? response["headers"]),
  };
}

/** ARM: `{error: {code, message}}`; tables: `{"odata.error": {code, message: {value}}}`. */
function errorObject(body: unknown): Readonly<Record<string, unknown>> {
  const outer = record(typeof body === "string" ? parseJson(body) : body);
  const inner = record(outer["error"] ?? outer["odata.error"] ?? outer["odataError"] ?? outer);
  const message = inner["message"];
  return typeof message === "object" ? { ...inner, message: record(message)["value"] } : inner;
}

function unauthorizedSentence(failure: Failure, target: ErrorTarget): string {
  const denied = parseDenied(failure.message);
  const action = denied.action ?? target.action;
  const scope = denied.scope ?? target.id;
  const who = denied.identity === undefined ? "this identity" : `the identity ${denied.identity}`;
  if (failure.status !== 403) {
    return `Azure did not accept the sign-in for ${action} on ${target.id} (${said(failure)}): check client id and tenant id, and grant the role '${target.role}'`;
  }
  if (failure.code === "RequestDisallowedByPolicy") {
    return `an Azure policy forbids ${action} on ${target.id}: ${said(failure)}`;
  }
  return `missing permission ${action} on ${scope}: grant the role '${target.role}' there to ${who}`;
}

/**
 * ARM's words: "The client 'c' with object id 'o' does not have authorization to perform action 'a' over
 * scope 's' or the scope is invalid", or, for a linked resource, "…has permission to perform action 'x' on
 * scope 'y'; however, it does not have permission to perform action(s) 'a' on the linked scope(s) 's'".
 */
function parseDenied(message: string): {
  readonly action: string | undefined;
  readonly scope: string | undefined;
  readonly identity: string | undefined;
} {
  const match =
    /not have (?:authorization|permission) to perform action(?:\(s\))? '([^']+)'(?: (?:over|on the linked) scope(?:\(s\))? '([^']+)')?/.exec(
      message,
    );
  return {
    action: match?.[1],
    scope: match?.[2],
    identity: /object id '([^']+)'/.exec(message)?.[1],
  };
}

const TLS_CODES = /CERT|SELF_SIGNED|UNABLE_TO_|TLS|SSL/;

function networkRemedy(code: string | undefined): string {
  if (code !== undefined && TLS_CODES.test(code)) {
    return "if the endpoint has a certificate authority of its own, name its file in NODE_EXTRA_CA_CERTS";
  }
  if (code === PROXY_REFUSED) {
    return "let the proxy connect to it, or name its host in NO_PROXY";
  }
  return "check the endpoint's name and that this machine may connect to it";
}

function said({ code, message }: Failure): string {
  const cut =
    message.length > MAX_MESSAGE_LENGTH ? `${message.slice(0, MAX_MESSAGE_LENGTH)}…` : message;
  return code === undefined || message.includes(code) ? cut : `${code}: ${cut}`;
}

function retryAfter(headers: unknown): string | undefined {
  const source = record(headers);
  const get = source["get"];
  const value: unknown =
    typeof get === "function" ? get.call(headers, "retry-after") : source["retry-after"];
  return text(value);
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body.length > 0 ? { message: body } : undefined;
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value.length > 0 ? value : undefined;
}
