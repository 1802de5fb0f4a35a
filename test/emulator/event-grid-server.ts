import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { ResourceGroups } from "../../emulator/arm/resource-groups.ts";
import { Operations } from "../../emulator/arm/operations.ts";
import { createArmService } from "../../emulator/arm/service.ts";
import { AuditLog } from "../../emulator/audit.ts";
import { makeServerCertificate } from "../../emulator/certificates.ts";
import { PacedClock } from "../../emulator/clock.ts";
import { makeDirectory } from "../../emulator/entra/principals.ts";
import { createTokenAuthority } from "../../emulator/entra/tokens.ts";
import { createEventGrid } from "../../emulator/event-grid/service.ts";
import type { EventGrid } from "../../emulator/event-grid/service.ts";
import { startServer } from "../../emulator/server.ts";
import type { Environment, WireReply, WireRequest } from "../../emulator/service.ts";
import type { Gate, Transition, World } from "../../shared/simulator/model.ts";

export const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const TENANT = "99999999-8888-7777-6666-555555555555";
export const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour`;
export const CLUSTER = `${GROUP}/providers/Microsoft.ContainerService/managedClusters/quay-1`;
export const FLEET = `${GROUP}/providers/Microsoft.ContainerService/fleets/harbour`;
export const START = Date.parse("2026-07-01T08:00:00Z");
export const SENDER = "77777777-0000-0000-0000-000000000001";
export const STRANGER = "77777777-0000-0000-0000-000000000002";

/** A world of one cluster and one fleet whose changes are told by the test. */
interface Stage {
  readonly world: World;
  readonly gates: Map<string, Gate>;
  tell(transition: Transition): void;
}

function createStage(): Stage {
  const listeners = new Set<(transition: Transition) => void>();
  const gates = new Map<string, Gate>();
  let now = START;
  const world = {
    get now() {
      return now;
    },
    clusters: new Map([[CLUSTER.toLowerCase(), { id: CLUSTER.toLowerCase(), name: "quay-1" }]]),
    fleets: new Map([[FLEET.toLowerCase(), { id: FLEET.toLowerCase(), gates }]]),
    nextAt: () => undefined,
    advanceTo(time: number) {
      now = Math.max(now, time);
    },
    subscribe(listener: (transition: Transition) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    world: world as unknown as World,
    gates,
    tell(transition) {
      for (const listener of listeners) listener(transition);
    },
  };
}

export interface ArmAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface EventGridServer extends Stage {
  readonly grid: EventGrid;
  readonly clock: PacedClock;
  readonly audit: AuditLog;
  readonly origin: string;
  readonly caPem: string;
  /** A token for a principal by client id; the owner of the subscription when none is given. */
  token(audience: string, clientId?: string): string;
  arm(method: string, id: string, body?: object): Promise<ArmAnswer>;
  /** Calls the control service. */
  control(method: string, path: string, body?: object): Promise<ArmAnswer>;
  /** Another https server with the emulator's certificate. */
  serve(
    answer: (request: WireRequest) => WireReply,
  ): Promise<{ readonly origin: string; close(): Promise<void> }>;
  close(): Promise<void>;
}

/** ARM and Event Grid on https over a staged world, with a clock moved by hand. */
export async function startEventGridServer(): Promise<EventGridServer> {
  const certificate = await makeServerCertificate();
  const stage = createStage();
  const onError = (error: unknown): void => {
    throw error;
  };
  const clock = new PacedClock({ world: stage.world, speed: "manual", onError });
  const audit = new AuditLog(() => clock.now());
  const roles = [
    {
      actions: ["Microsoft.EventGrid/events/send/action"],
      scope: `/subscriptions/${SUBSCRIPTION}`,
    },
  ];
  const principals = [
    { name: "sender", clientId: SENDER, roles },
    { name: "stranger", clientId: STRANGER, roles: [] },
  ];
  const tokens = createTokenAuthority(TENANT, makeDirectory({ principals }, SUBSCRIPTION));
  let origin = "";
  const environment: Environment = {
    world: stage.world,
    pacer: clock,
    audit,
    tokens,
    tenant: TENANT,
    subscription: SUBSCRIPTION,
    directory: tmpdir(),
    origin: () => origin,
    caPem: certificate.caPem,
  };
  const grid = createEventGrid(environment);
  const groups = new ResourceGroups(SUBSCRIPTION);
  groups.ensure("harbour", "westeurope");
  const operations = new Operations({ pacer: clock, origin: () => origin });
  const arm = createArmService({ environment, providers: grid.providers, groups, operations });
  const tls = { key: certificate.keyPem, cert: certificate.certificatePem };
  const common = { port: 0, tls, now: () => clock.now(), onError };
  const server = await startServer({
    ...common,
    answer: async (request) =>
      (await grid.service.handle(request)) ?? (await arm.handle(request)) ?? { status: 404 },
  });
  origin = `https://127.0.0.1:${server.port}`;
  const token = (audience: string, clientId?: string): string => {
    const found = tokens.principals.find(
      (one) => clientId === undefined || one.clientId === clientId,
    );
    if (!found) throw new Error(`no principal ${clientId}`);
    return tokens.issue(found, audience).token;
  };
  return {
    ...stage,
    grid,
    clock,
    audit,
    origin,
    caPem: certificate.caPem,
    token,
    arm: async (method, id, body) => {
      const headers = { authorization: `Bearer ${token("https://management.azure.com")}` };
      const request = wireRequest(method, `${id}?api-version=2025-02-15`, headers, body);
      return answered(await arm.handle(request));
    },
    control: async (method, path, body) =>
      answered(await grid.control.handle(wireRequest(method, path, {}, body))),
    async serve(answer) {
      const other = await startServer({
        ...common,
        answer: (request) => Promise.resolve(answer(request)),
      });
      return { origin: `https://127.0.0.1:${other.port}`, close: () => other.close() };
    },
    async close() {
      grid.close();
      clock.close();
      await server.close();
    },
  };
}

function wireRequest(
  method: string,
  url: string,
  headers: IncomingHttpHeaders,
  body?: object,
): WireRequest {
  const [path = "", query = ""] = url.split("?");
  return {
    method,
    path,
    query: new Map(new URLSearchParams(query)),
    headers,
    body: Buffer.from(body === undefined ? "" : JSON.stringify(body)),
    signal: new AbortController().signal,
  };
}

function answered(reply: WireReply | undefined): ArmAnswer {
  if (!reply) throw new Error("nobody answered");
  return { status: reply.status, body: (reply.body ?? {}) as ArmAnswer["body"] };
}

interface Received {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Webhook {
  readonly url: string;
  /** What came in, handshakes included. */
  readonly received: Received[];
  /** Bodies of notifications, parsed. */
  notifications(): Record<string, unknown>[];
  /** Status of the next notifications, in turn; the last one stays. */
  answerWith(...statuses: number[]): void;
  /** How it answers a handshake: truthfully, with a wrong code or origin, or with 403. */
  consent: "yes" | "wrong" | "no";
  close(): Promise<void>;
}

/** A receiver of events, with an opinion on whether it wants them. */
export async function startWebhook(port = 0): Promise<Webhook> {
  let statuses = [200];
  const received: Received[] = [];
  const server = createServer((message, response) => {
    const chunks: Buffer[] = [];
    message.on("data", (chunk: Buffer) => chunks.push(chunk));
    message.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8");
      const { method = "", headers } = message;
      received.push({ method, headers, body });
      const isHandshake =
        method === "OPTIONS" || headers["aeg-event-type"] === "SubscriptionValidation";
      if (isHandshake) {
        answerHandshake(webhook.consent, { method, headers, body }, response);
        return;
      }
      response.statusCode = statuses.length > 1 ? (statuses.shift() ?? 200) : (statuses[0] ?? 200);
      response.end();
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const webhook: Webhook = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    consent: "yes",
    notifications: () =>
      received
        .filter(({ headers }) => headers["aeg-event-type"] === "Notification")
        .map(({ body }) => JSON.parse(body) as Record<string, unknown>),
    answerWith(...next) {
      statuses = next;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return webhook;
}

function answerHandshake(
  consent: Webhook["consent"],
  { method, body }: Received,
  response: {
    statusCode: number;
    setHeader(name: string, value: string): unknown;
    end(body?: string): unknown;
  },
): void {
  if (consent === "no") {
    response.statusCode = 403;
    response.end();
  } else if (method === "OPTIONS") {
    const origin = consent === "yes" ? "eventgrid.azure.net" : "example.com";
    response.setHeader("WebHook-Allowed-Origin", origin);
    response.end();
  } else {
    const [event] = JSON.parse(body) as [{ data: { validationCode: string } }];
    const validationResponse = consent === "yes" ? event.data.validationCode : "wrong";
    response.end(JSON.stringify({ validationResponse }));
  }
}

/** Waits until something holds; deliveries are real requests that take real time. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 2_000; i += 1) {
    if (holds()) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
  throw new Error(`never came true: ${what}`);
}
