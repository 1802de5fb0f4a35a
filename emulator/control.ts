import { z } from "zod";
import type { World } from "../shared/simulator/model.ts";
import type { AuditLog } from "./audit.ts";
import type { OidcIssuer } from "./entra/oidc-issuer.ts";
import type { EntraTokens } from "./entra/tokens.ts";
import type { Fault, FaultInjector } from "./faults.ts";
import type { History } from "./history.ts";
import { unknownRegion } from "./regions.ts";
import type { ControlService, Pacer, Service, WireReply, WireRequest } from "./service.ts";
import { summarizeState } from "./state-summary.ts";

export interface ControlOptions {
  readonly world: World;
  readonly pacer: Pacer;
  readonly audit: AuditLog;
  readonly history: History;
  readonly faults: FaultInjector;
  readonly oidc: OidcIssuer;
  readonly tokens: Pick<EntraTokens, "revoke">;
  /** Control of other services, asked in order. */
  readonly others: readonly ControlService[];
}

/** How far one call may move the clock: a year. */
const MAX_ADVANCE_MILLISECONDS = 366 * 86_400_000;
/** Virtual milliseconds per real one: a year in half a minute. */
const MAX_FACTOR = 1_000_000;
const MAX_FAULT_DELAY_MILLISECONDS = 600_000;
const MAX_PATTERN_LENGTH = 500;
const PREFIX = "/_emulator";

/** A family, a hyphen, and numbers with dots. */
const IMAGE_VERSION = /^AKS[A-Z]\w*-[\w-]+-\d+(\.\d+)+$/i;

const ImageInput = z.strictObject({
  region: z.string().min(1),
  version: z
    .string()
    .regex(
      IMAGE_VERSION,
      "not a node image version; write it as AKSUbuntu-2204gen2containerd-202607.16.0",
    ),
});
const CapacityInput = z.strictObject({
  region: z.string().min(1),
  vmSize: z.string().min(1),
  machines: z.int().min(0),
});
const VersionInput = z.strictObject({ version: z.string().regex(/^\d+\.\d+\.\d+$/) });
const DURATION = "milliseconds, or a duration such as PT1H30M, up to a year";
const ClockInput = z
  .strictObject({
    advance: z.optional(z.union([z.number().min(0), z.string().min(1)], DURATION)),
    factor: z.optional(z.number().min(0).max(MAX_FACTOR)),
  })
  .refine(
    ({ advance, factor }) => (advance === undefined) !== (factor === undefined),
    "advance or factor expected, one of the two",
  );
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

interface Call {
  /** The body it takes, for who asks what there is. */
  readonly takes?: string;
  readonly answer: (options: ControlOptions, request: WireRequest) => WireReply;
}

const CALLS: Readonly<Record<string, Call>> = {
  "GET /audit": { answer: ({ audit }) => auditReply(audit) },
  "GET /state": { answer: ({ world }) => ({ status: 200, body: summarizeState(world) }) },
  "GET /history": { answer: ({ history }) => ({ status: 200, body: history.read() }) },
  "GET /clock": { answer: ({ pacer }) => clockReply(pacer) },
  "POST /clock": {
    takes: '{advance: milliseconds or "PT1H"} or {factor: virtual milliseconds per real one}',
    answer: ({ pacer }, request) =>
      withInput(request, ClockInput, (input) => setClock(pacer, input)),
  },
  "POST /images": {
    takes: "{region, version}",
    answer: (options, request) =>
      withInput(request, ImageInput, (input) => releaseImage(options, input)),
  },
  "POST /kubernetes-versions": {
    takes: "{version}",
    answer: ({ world, pacer }, request) =>
      withInput(request, VersionInput, ({ version }) => {
        world.releaseKubernetesVersion(version);
        return { status: 200, body: { version, releasedAt: isoNow(pacer) } };
      }),
  },
  "POST /capacities": {
    takes: "{region, vmSize, machines}",
    answer: ({ world }, request) =>
      withInput(request, CapacityInput, (input) => {
        const unknown = unknownRegion(world, input.region);
        if (unknown !== undefined) return refused(400, unknown);
        world.machines.setCapacity(input);
        return { status: 200, body: input };
      }),
  },
  "POST /faults": {
    takes: "{service?, match?: {method?, path?}, status (0 hangs up), count?, retryAfter?, delay?}",
    answer: ({ faults }, request) =>
      withInput(request, FaultInput, (input) => addFault(faults, input)),
  },
  "DELETE /faults": {
    answer: ({ faults }) => {
      faults.clear();
      return { status: 204 };
    },
  },
  /** Those that were issued so far are refused from now on. */
  "DELETE /tokens": {
    answer: ({ tokens }) => {
      tokens.revoke();
      return { status: 204 };
    },
  },
  "POST /oidc": {
    takes: "{subject, claims?}",
    answer: ({ oidc }, request) =>
      withInput(request, OidcInput, ({ subject, claims }) => ({
        status: 200,
        body: oidc.requestFor(subject, claims),
      })),
  },
};

/**
 * What stands outside the simulated Azure: releasing images, moving time, disturbing calls, and reading
 * what happened. It needs no token: it listens on the loopback interface only. `GET /_emulator` lists what there is.
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
      return route(options, request, path.slice(PREFIX.length));
    },
  };
}

function route(options: ControlOptions, request: WireRequest, path: string): WireReply {
  const { method } = request;
  if (method === "GET" && path === "") return { status: 200, body: { calls: listCalls(options) } };
  const call = new Map(Object.entries(CALLS)).get(`${method} ${path}`);
  if (call) return call.answer(options, request);
  return refused(404, `control has no ${method} ${PREFIX}${path}; GET ${PREFIX} lists what it has`);
}

function listCalls({ others }: ControlOptions): readonly string[] {
  const own = Object.entries(CALLS).map(([name, { takes }]) => {
    const call = name.replace(" ", ` ${PREFIX}`);
    return takes === undefined ? call : `${call} ${takes}`;
  });
  return [...own, ...others.flatMap(({ calls }) => calls)];
}

function releaseImage(
  { world, pacer }: ControlOptions,
  { region, version }: z.infer<typeof ImageInput>,
): WireReply {
  const unknown = unknownRegion(world, region);
  if (unknown !== undefined) return refused(400, unknown);
  world.images.release(region, version);
  return { status: 200, body: { region, version, releasedAt: isoNow(pacer) } };
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
  if (input.advance !== undefined) return advanceClock(pacer, input.advance);
  if (input.factor !== undefined) pacer.pace(input.factor);
  return clockReply(pacer);
}

function advanceClock(pacer: Pacer, advance: number | string): WireReply {
  const milliseconds = typeof advance === "number" ? advance : parseIsoDuration(advance);
  if (milliseconds === undefined || milliseconds > MAX_ADVANCE_MILLISECONDS) {
    return refused(400, `advance: ${DURATION}`);
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
    ({ path, message }) => `${path.map(String).join(".") || "body"}: ${message}`,
  );
  return refused(400, problems.join("; "));
}

function refused(status: number, message: string): WireReply {
  const code = status === 404 ? "NotFound" : status === 409 ? "Conflict" : "BadRequest";
  return { status, body: { error: { code, message } } };
}
