import { z } from "zod";
import type { World } from "../shared/simulator/model.ts";
import type { AuditLog } from "./audit.ts";
import type { OidcIssuer } from "./entra/oidc-issuer.ts";
import type { EntraTokens } from "./entra/tokens.ts";
import type { Fault, FaultInjector } from "./faults.ts";
import type { History } from "./history.ts";
import type { Pacer, Service, WireReply, WireRequest } from "./service.ts";
import { summarizeState } from "./state-summary.ts";

export interface ControlOptions {
  readonly world: World;
  readonly pacer: Pacer;
  readonly audit: AuditLog;
  readonly history: History;
  readonly faults: FaultInjector;
  readonly oidc: OidcIssuer;
  readonly tokens: Pick<EntraTokens, "revoke">;
  /** Control of other services, asked in order: event-grid, github. */
  readonly others: readonly Service[];
}

/** How far one call may move the clock: a year. */
const MAX_ADVANCE_MILLISECONDS = 366 * 86_400_000;
/** Virtual milliseconds per real one: a year in half a minute. */
const MAX_FACTOR = 1_000_000;
const MAX_FAULT_DELAY_MILLISECONDS = 600_000;
const MAX_PATTERN_LENGTH = 500;
const PREFIX = "/_emulator";

const ImageInput = z.strictObject({ region: z.string().min(1), version: z.string().min(1) });
const CapacityInput = z.strictObject({
  region: z.string().min(1),
  vmSize: z.string().min(1),
  machines: z.int().min(0),
});
const VersionInput = z.strictObject({ version: z.string().regex(/^\d+\.\d+\.\d+$/) });
const ClockInput = z.union([
  z.strictObject({ advance: z.union([z.number().min(0), z.string().min(1)]) }),
  z.strictObject({ factor: z.number().min(0).max(MAX_FACTOR) }),
]);
const OidcInput = z.strictObject({
  subject: z.string().min(1),
  claims: z.optional(z.record(z.string(), z.unknown())),
});
const FaultInput = z.strictObject({
  service: z.optional(z.enum(["arm", "kubernetes", "event-grid", "github", "entra"])),
  match: z.optional(
    z.strictObject({
      method: z.optional(z.string()),
      path: z.optional(z.string().max(MAX_PATTERN_LENGTH)),
    }),
  ),
  status: z.int().check(z.refine((status) => status === 0 || (status >= 200 && status < 600))),
  count: z.optional(z.int().min(1).max(1_000_000)),
  retryAfter: z.optional(z.int().min(0)),
  delay: z.optional(z.number().min(0).max(MAX_FAULT_DELAY_MILLISECONDS)),
});

/**
 * What stands outside the simulated Azure: releasing images, moving time, disturbing calls, and reading
 * what happened. It needs no token: it listens on the loopback interface only.
 *
 * `POST /images {region, version}` · `POST /kubernetes-versions {version}` · `GET /clock`, `POST /clock {advance: ms | "PT1H"}` or `{factor: virtual ms per real one}` ·
 * `POST /faults {service?, match?: {method?, path?}, status, count?, retryAfter?, delay?}` (status 0 hangs up),
 * `DELETE /faults` · `DELETE /tokens` (those issued so far are refused) · `POST /oidc {subject, claims?}` · `GET /audit`, `/state`, `/history`; the Event Grid's
 * and GitHub's own paths beside them.
 */
export function createControlService(options: ControlOptions): Service {
  return {
    async handle(request) {
      const path = request.path.toLowerCase().replace(/\/+$/, "");
      if (path !== PREFIX && !path.startsWith(`${PREFIX}/`)) return undefined;
      for (const other of options.others) {
        const reply = await other.handle(request);
        if (reply) return reply;
      }
      return route(options, request, `${request.method} ${path.slice(PREFIX.length)}`);
    },
  };
}

function route(options: ControlOptions, request: WireRequest, name: string): WireReply {
  const { world, pacer, history, faults, oidc } = options;
  switch (name) {
    case "GET /audit":
      return auditReply(options.audit);
    case "GET /state":
      return { status: 200, body: summarizeState(world) };
    case "GET /history":
      return { status: 200, body: history.read() };
    case "GET /clock":
      return clockReply(pacer);
    case "POST /clock":
      return withInput(request, ClockInput, (input) => setClock(pacer, input));
    case "POST /images":
      return withInput(request, ImageInput, ({ region, version }) => {
        world.images.release(region, version);
        return { status: 200, body: { region, version, releasedAt: isoNow(pacer) } };
      });
    case "POST /kubernetes-versions":
      return withInput(request, VersionInput, ({ version }) => {
        world.releaseKubernetesVersion(version);
        return { status: 200, body: { version, releasedAt: isoNow(pacer) } };
      });
    case "POST /capacities":
      return withInput(request, CapacityInput, (input) => {
        world.machines.setCapacity(input);
        return { status: 200, body: input };
      });
    case "POST /faults":
      return withInput(request, FaultInput, (input) => addFault(faults, input));
    case "DELETE /faults":
      faults.clear();
      return { status: 204 };
    case "DELETE /tokens":
      options.tokens.revoke();
      return { status: 204 };
    case "POST /oidc":
      return withInput(request, OidcInput, ({ subject, claims }) => ({
        status: 200,
        body: oidc.requestFor(subject, claims),
      }));
    default:
      return refused(404, `control has no ${name.replace(" ", ` ${PREFIX}`)}`);
  }
}

function auditReply(audit: AuditLog): WireReply {
  const byService = Object.fromEntries(
    audit.services().map((service) => [service, audit.counts(service)]),
  );
  const calls = { ...audit.counts(), byService };
  return { status: 200, body: { entries: audit.entries, calls } };
}

function clockReply(pacer: Pacer): WireReply {
  return { status: 200, body: { now: isoNow(pacer), factor: pacer.factor } };
}

function isoNow(pacer: Pacer): string {
  return new Date(pacer.now()).toISOString();
}

function setClock(pacer: Pacer, input: z.infer<typeof ClockInput>): WireReply {
  if ("advance" in input) return advanceClock(pacer, input.advance);
  pacer.pace(input.factor);
  return clockReply(pacer);
}

function advanceClock(pacer: Pacer, advance: number | string): WireReply {
  const milliseconds = typeof advance === "number" ? advance : parseIsoDuration(advance);
  if (milliseconds === undefined || milliseconds > MAX_ADVANCE_MILLISECONDS) {
    return refused(400, "advance: milliseconds, or a duration such as PT1H30M, up to a year");
  }
  pacer.advance(milliseconds);
  return clockReply(pacer);
}

const ISO_DURATION = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i;

/** Days, hours, minutes and seconds of ISO 8601; months have no fixed length. */
function parseIsoDuration(text: string): number | undefined {
  const match = ISO_DURATION.exec(text);
  if (!match || match.slice(1).every((part) => part === undefined)) return undefined;
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  const total = (days ?? 0) * 86_400 + (hours ?? 0) * 3_600 + (minutes ?? 0) * 60 + (seconds ?? 0);
  return Math.round(total * 1_000);
}

function addFault(faults: FaultInjector, input: z.infer<typeof FaultInput>): WireReply {
  const path = input.match?.path === undefined ? undefined : compile(input.match.path);
  if (path === "invalid") return refused(400, "match.path: not a regular expression");
  const method = input.match?.method?.toUpperCase();
  const fault: Fault = {
    ...(input.service ? { service: input.service } : {}),
    match: { ...(method ? { method } : {}), ...(path ? { path } : {}) },
    status: input.status,
    count: input.count ?? 1,
    ...(input.retryAfter === undefined ? {} : { retryAfterSeconds: input.retryAfter }),
    ...(input.delay === undefined ? {} : { delayMilliseconds: input.delay }),
  };
  if (!faults.add(fault)) return refused(409, "too many faults are waiting");
  return { status: 200, body: { waiting: faults.waiting } };
}

function compile(pattern: string): RegExp | "invalid" {
  try {
    return new RegExp(pattern, "i");
  } catch {
    return "invalid";
  }
}

function withInput<Schema extends z.ZodType>(
  request: WireRequest,
  schema: Schema,
  answer: (input: z.infer<Schema>) => WireReply,
): WireReply {
  let value: unknown;
  try {
    value = JSON.parse(request.body.toString("utf8"));
  } catch {
    return refused(400, "the body is not JSON");
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return answer(parsed.data);
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.map(String).join(".")}: ${message}`,
  );
  return refused(400, problems.join("; "));
}

function refused(status: number, message: string): WireReply {
  const code = status === 404 ? "NotFound" : status === 409 ? "Conflict" : "BadRequest";
  return { status, body: { error: { code, message } } };
}
