import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { toError } from "../../shared/core/errors.ts";
import { startServer } from "../server.ts";
import type { RunningServer } from "../server.ts";
import type { WireReply, WireRequest } from "../service.ts";
import { answerAdmin } from "./admin.ts";
import { createFunctionsCore } from "./core.ts";
import type { FunctionsCore, LogLine } from "./core.ts";
import { answerEventGrid } from "./event-grid-webhook.ts";
import { loadFunctionApp, readFunctionApp } from "./function-app.ts";
import type { FunctionApp } from "./function-app.ts";
import { createHttpRoutes } from "./http-routes.ts";
import type { HttpTrigger } from "./http-routes.ts";
import { carriesKey, makeKeys } from "./keys.ts";
import type { AppKeys } from "./keys.ts";
import { renderLogLine } from "./log.ts";
import type { InvocationResponse, RpcTypedData } from "./rpc.ts";
import { parseSchedule } from "./schedule.ts";
import { Timers } from "./timers.ts";
import type { TimerInfo } from "./timers.ts";
import { readTriggers } from "./triggers.ts";
import type { Settings, Trigger } from "./triggers.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** Invocations under way may end before the host goes: about what Azure leaves an instance. */
const DRAIN_TIMEOUT_MILLISECONDS = 10_000;

export interface HostOptions {
  readonly directory: string;
  readonly port: number;
  readonly clock: VirtualClock;
  /** App settings, for `%NAME%` in registrations. */
  readonly settings: Settings;
  /** One line of log. */
  readonly write: (line: string) => void;
}

export interface RunningHost {
  readonly url: string;
  readonly triggers: readonly Trigger[];
  readonly keys: AppKeys;
  /** Takes no more requests, waits for invocations under way (bounded), and ends. */
  close(): Promise<void>;
}

type Invoke = (
  trigger: Trigger,
  data: RpcTypedData,
  metadata?: Readonly<Record<string, RpcTypedData>>,
) => Promise<InvocationResponse>;

/** Hosts a function app as Azure does: the app's own registrations, the app's own `@azure/functions`. */
export async function startFunctionsHost(options: HostOptions): Promise<RunningHost> {
  const log = (line: LogLine): void => options.write(renderLogLine(line, options.clock.now()));
  const app = await readFunctionApp(options.directory);
  const core = createFunctionsCore(log);
  try {
    await loadFunctionApp(app);
    await core.start(options.directory);
    return await listen({ options, app, core, log });
  } catch (error) {
    core.restore();
    throw error;
  }
}

interface Loaded {
  readonly options: HostOptions;
  readonly app: FunctionApp;
  readonly core: FunctionsCore;
  readonly log: (line: LogLine) => void;
}

async function listen({ options, app, core, log }: Loaded): Promise<RunningHost> {
  const triggers = readTriggers(core, options.settings);
  const keys = makeKeys();
  const underWay = new Set<Promise<unknown>>();
  const invoke: Invoke = (trigger, data, metadata = {}) => {
    const invocation = runLogged({ core, log }, trigger, data, metadata);
    const settled = invocation.catch(() => undefined).finally(() => underWay.delete(settled));
    underWay.add(settled);
    return invocation;
  };
  const timers = makeTimers(triggers, invoke, options.clock);
  let server: RunningServer | undefined;
  const url = (): string => `http://127.0.0.1:${server?.port ?? 0}`;
  const answerOpen = makeAnswer({ triggers, keys, app, invoke, timers, url });
  let isClosing = false;
  const answer = async (request: WireRequest): Promise<WireReply> =>
    isClosing ? { status: 503 } : answerOpen(request);
  const onError = (error: unknown): void =>
    log({ level: "error", category: "host", message: toError(error).message });
  server = await startServer({ port: options.port, answer, now: Date.now, onError });
  timers.start();
  const close = async (): Promise<void> => {
    isClosing = true;
    timers.stop();
    await Promise.race([Promise.all(underWay), bounded(DRAIN_TIMEOUT_MILLISECONDS)]);
    // The last answers are written in this turn of the event loop or the next.
    await nextTurn();
    await nextTurn();
    await server?.close();
    await core.terminate();
    core.restore();
  };
  return { url: url(), triggers, keys, close };
}

/** Runs a function and tells the log when it begins and how it ends. */
async function runLogged(
  { core, log }: Pick<Loaded, "core" | "log">,
  trigger: Trigger,
  data: RpcTypedData,
  triggerMetadata: Readonly<Record<string, RpcTypedData>>,
): Promise<InvocationResponse> {
  const invocationId = randomUUID();
  const begun = performance.now();
  const tell = (level: string, message: string): void =>
    log({ level, category: "host", message, functionName: trigger.name, invocationId });
  tell("information", "Executing");
  try {
    const inputData = [{ name: trigger.binding, data }];
    const response = await core.invoke(trigger.name, { invocationId, inputData, triggerMetadata });
    tell("information", `Executed (Succeeded, ${elapsed(begun)} ms)`);
    return response;
  } catch (error) {
    const { message, stack } = toError(error);
    tell("error", `Executed (Failed, ${elapsed(begun)} ms): ${stack ?? message}`);
    throw error;
  }
}

function elapsed(begun: number): number {
  return Math.round(performance.now() - begun);
}

function bounded(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}

function makeTimers(triggers: readonly Trigger[], invoke: Invoke, clock: VirtualClock): Timers {
  const found = triggers.filter((trigger) => trigger.type === "timerTrigger");
  const specs = found.map(({ name, schedule, runOnStartup, useMonitor }) => ({
    name,
    schedule: parseSchedule(schedule, name),
    runOnStartup,
    useMonitor,
  }));
  const run = async (name: string, timer: TimerInfo): Promise<void> => {
    const trigger = found.find((each) => each.name === name);
    // A failed run is in the log; the schedule moves on (TimerListener.cs).
    if (trigger) await invoke(trigger, { json: JSON.stringify(timer) }).catch(() => undefined);
  };
  return new Timers(specs, { clock, run });
}

interface AnswerDeps {
  readonly triggers: readonly Trigger[];
  readonly keys: AppKeys;
  readonly app: FunctionApp;
  readonly invoke: Invoke;
  readonly timers: Timers;
  readonly url: () => string;
}

function makeAnswer(deps: AnswerDeps): (request: WireRequest) => Promise<WireReply> {
  const { triggers, keys, app, invoke, timers, url } = deps;
  const eventGrid = new Map(
    triggers
      .filter(({ type }) => type === "eventGridTrigger")
      .map((trigger) => [trigger.name.toLowerCase(), trigger]),
  );
  const httpRoutes = createHttpRoutes({
    triggers: triggers.filter((trigger): trigger is HttpTrigger => trigger.type === "httpTrigger"),
    routePrefix: app.routePrefix,
    keys,
    url,
    invoke,
  });
  const webhook = {
    isAuthorized: (request: WireRequest) =>
      carriesKey(request, [keys.eventGridKey, keys.masterKey]),
    hasFunction: (name: string) => eventGrid.has(name.toLowerCase()),
    async invoke(
      name: string,
      data: RpcTypedData,
      metadata: Readonly<Record<string, RpcTypedData>>,
    ) {
      const trigger = eventGrid.get(name.toLowerCase());
      if (trigger) await invoke(trigger, data, metadata);
    },
  };
  const admin = {
    isAuthorized: (request: WireRequest) => carriesKey(request, [keys.masterKey]),
    triggers,
    triggerTimer: (name: string) => timers.trigger(name),
  };
  return async (request) =>
    (await answerEventGrid(webhook, request)) ??
    answerAdmin(admin, request) ??
    (await httpRoutes(request)) ?? { status: 404 };
}
