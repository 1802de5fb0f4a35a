import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { globPattern } from "../../emulator/functions-host/glob.ts";
import { parseRoute } from "../../emulator/functions-host/route.ts";
import { parseSchedule } from "../../emulator/functions-host/schedule.ts";
import { Timers } from "../../emulator/functions-host/timers.ts";
import type { TimerInfo } from "../../emulator/functions-host/timers.ts";
import { until } from "./event-grid-server.ts";
import { FIXTURE_APP, runFunctions, startClock, writeApp } from "./functions-process.ts";
import type { ControlledClock, FunctionsProcess } from "./functions-process.ts";

const START = Date.parse("2026-07-01T08:00:00Z");
const MINUTE = 60_000;

interface Call {
  readonly function: string;
  readonly event?: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly timer?: { readonly isPastDue: boolean; readonly scheduleStatus: { last: string } };
}

describe("a function app in the local host", () => {
  let clock: ControlledClock;
  let host: FunctionsProcess;

  beforeAll(async () => {
    clock = await startClock(START);
    const started = await runFunctions(["--app", FIXTURE_APP, "--control", clock.url]);
    if (!started.host) throw new Error(started.stderr());
    host = started.host;
  });

  afterAll(async () => {
    host.terminate();
    await host.exitCode;
    await clock.close();
  });

  async function calls(name: string): Promise<readonly Call[]> {
    const response = await fetch(`${host.ready.url}/api/calls`);
    return ((await response.json()) as Call[]).filter((call) => call.function === name);
  }

  function push(name: string, body: unknown, headers: Record<string, string> = {}) {
    const url = `${host.ready.url}/runtime/webhooks/EventGrid?functionName=${name}&code=${host.ready.eventGridKey}`;
    return fetch(url, {
      method: "POST",
      headers: { "aeg-event-type": "Notification", ...headers },
      body: JSON.stringify(body),
    });
  }

  it("tells what is registered, with schedules and routes, in one line", () => {
    const byName = new Map(host.ready.functions.map((each) => [each["name"], each]));
    expect([...byName.keys()].toSorted()).toEqual(
      ["at-start", "broken", "calls", "greet", "on-event", "silent", "slow", "tick"].toSorted(),
    );
    expect(byName.get("on-event")).toMatchObject({ type: "eventGridTrigger" });
    expect(byName.get("tick")).toMatchObject({
      type: "timerTrigger",
      schedule: "0 */5 * * * *",
    });
    expect(byName.get("greet")).toMatchObject({
      type: "httpTrigger",
      route: "greet/{name:alpha}/{rest?}",
      methods: ["GET", "POST"],
      authLevel: "function",
    });
    expect(host.stdout().trim().split("\n")).toHaveLength(1);
  });

  it("runs the hook of the app's start before anything else", async () => {
    const response = await fetch(`${host.ready.url}/api/calls`);
    expect(((await response.json()) as Call[])[0]).toEqual({ function: "appStart" });
  });

  describe("Event Grid", () => {
    it("answers both handshakes", async () => {
      const validation = [{ id: "1", data: { validationCode: "code-1" } }];
      const event = await push("on-event", validation, {
        "aeg-event-type": "SubscriptionValidation",
      });
      expect([event.status, await event.json()]).toEqual([200, { validationResponse: "code-1" }]);
      const { url, eventGridKey } = host.ready;
      const options = await fetch(
        `${url}/runtime/webhooks/EventGrid?functionName=on-event&code=${eventGridKey}`,
        { method: "OPTIONS", headers: { "webhook-request-origin": "eventgrid.azure.net" } },
      );
      expect(options.status).toBe(200);
      expect(options.headers.get("webhook-allowed-origin")).toBe("eventgrid.azure.net");
    });

    it("gives each event of an array, and a lone CloudEvent, to the handler", async () => {
      const nodePool = { subject: "quay-1", data: { nodePoolName: "np1" } };
      const pair = [
        { id: "a1", ...nodePool },
        { id: "a2", ...nodePool },
      ];
      expect((await push("on-event", pair)).status).toBe(202);
      const cloudEvent = { id: "a3", specversion: "1.0", type: "T", source: "/s", data: { n: 1 } };
      expect((await push("ON-EVENT", cloudEvent)).status).toBe(202);
      const got = (await calls("on-event")).filter(({ event }) =>
        /^a\d$/.test(String(event?.["id"])),
      );
      expect(got.map(({ event }) => event).toSorted(byId)).toEqual([...pair, cloudEvent]);
      expect(got[0]?.metadata).toMatchObject({ id: "a1", subject: "quay-1", data: nodePool.data });
    });

    it("fails the request when a handler throws, and writes one line of log", async () => {
      expect((await push("on-event", [{ id: "f1", data: { fail: true } }])).status).toBe(500);
      const lines = host.stderr().split("\n");
      expect(lines.filter((line) => line.includes("told to fail"))).toHaveLength(1);
      expect(lines.filter((line) => line.endsWith("event f1 | second line"))).toHaveLength(1);
    });

    it("knows its functions and its key", async () => {
      expect((await push("nobody", [])).status).toBe(404);
      expect((await push("tick", [])).status).toBe(404);
      expect((await push("on-event", [], { "aeg-event-type": "Strange" })).status).toBe(400);
      expect((await push("on-event", [], { "aeg-event-type": "Unsubscribe" })).status).toBe(202);
      expect((await push("on-event", "text")).status).toBe(400);
      const url = `${host.ready.url}/runtime/webhooks/EventGrid?functionName=on-event&code=wrong`;
      expect((await fetch(url, { method: "POST", body: "[]" })).status).toBe(401);
    });
  });

  describe("HTTP", () => {
    it("passes method, route, query and body, and answers with status, headers and cookies", async () => {
      const response = await fetch(`${host.ready.url}/api/Greet/bob?q=1%202`, {
        method: "POST",
        headers: { "x-functions-key": host.ready.functionKey },
        body: "hello",
      });
      expect(response.status).toBe(201);
      expect(await response.text()).toBe("POST bob 1 2 hello");
      expect(response.headers.get("x-greeting")).toBe("from local.settings.json");
      expect(response.headers.get("set-cookie")).toBe("seen=1; HttpOnly");
    });

    it.each([
      ["/api/greet/bob", 401],
      ["/api/greet/b0b?code=KEY", 404],
      ["/api/greet?code=KEY", 404],
      ["/api/greet/bob/more?code=KEY", 201],
      ["/api/nothing", 404],
      ["/api/broken", 500],
      ["/api/silent", 204],
    ])("answers %s with %i", async (path, status) => {
      const url = `${host.ready.url}${path.replace("KEY", host.ready.functionKey)}`;
      expect((await fetch(url)).status).toBe(status);
    });

    it("keeps to the methods of a route", async () => {
      const response = await fetch(`${host.ready.url}/api/calls`, { method: "DELETE" });
      expect(response.status).toBe(404);
    });
  });

  describe("timers", () => {
    it("run at the start when asked to, and by the emulator's clock", async () => {
      expect(await calls("at-start")).toHaveLength(1);
      const before = (await calls("tick")).length;
      clock.now += 5 * MINUTE;
      await untilCalled("tick", before + 1);
      const { timer } = (await calls("tick")).at(-1) ?? {};
      expect(timer).toMatchObject({ isPastDue: false, schedule: { adjustForDST: true } });
    });

    it("make one catch-up of any number of missed runs", async () => {
      const before = (await calls("tick")).length;
      clock.now += 60 * MINUTE;
      await untilCalled("tick", before + 1);
      expect((await calls("tick")).at(-1)?.timer?.isPastDue).toBe(true);
      clock.now += 5 * MINUTE;
      await untilCalled("tick", before + 2);
      expect((await calls("tick")).at(-1)?.timer?.isPastDue).toBe(false);
      expect(await calls("tick")).toHaveLength(before + 2);
    });

    it("are run by hand with the master key", async () => {
      const before = (await calls("tick")).length;
      const url = `${host.ready.url}/admin/functions/tick`;
      const order = { method: "POST", body: JSON.stringify({ input: "" }) };
      expect((await fetch(url, order)).status).toBe(401);
      const headers = { "x-functions-key": host.ready.masterKey };
      expect((await fetch(url, { ...order, headers })).status).toBe(202);
      await untilCalled("tick", before + 1);
      const other = `${host.ready.url}/admin/functions/on-event`;
      expect((await fetch(other, { ...order, headers })).status).toBe(400);
    });

    async function untilCalled(name: string, count: number): Promise<void> {
      let seen = 0;
      await until(() => {
        void calls(name).then((found) => (seen = found.length));
        return seen >= count;
      }, `${name} called ${count} times`);
    }
  });
});

describe("the host process", () => {
  const apps: { remove(): Promise<void> }[] = [];

  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.remove()));
  });

  async function appOf(source: string, main = "main.js"): Promise<string> {
    const app = await writeApp({
      "package.json": JSON.stringify({ type: "module", main }),
      "host.json": JSON.stringify({ version: "2.0" }),
      "main.js": `import { app } from "@azure/functions";\n${source}`,
    });
    apps.push(app);
    return app.directory;
  }

  it("ends on SIGTERM when the invocations under way are done", async () => {
    const { host, stderr } = await runFunctions(["--app", FIXTURE_APP]);
    if (!host) throw new Error(stderr());
    const { url, eventGridKey } = host.ready;
    const answered = fetch(
      `${url}/runtime/webhooks/EventGrid?functionName=slow&code=${eventGridKey}`,
      { method: "POST", headers: { "aeg-event-type": "Notification" }, body: '[{"id":"1"}]' },
    );
    await until(() => stderr().includes("slow") && stderr().includes("Executing"), "slow begun");
    host.terminate();
    expect((await answered).status).toBe(202);
    expect(await host.exitCode).toBe(0);
    expect(stderr()).toContain("slow is done");
    expect(host.stdout().trim().split("\n")).toHaveLength(1);
  });

  it("lets the environment win over local.settings.json", async () => {
    const env = { GREETING: "from the environment" };
    const { host, stderr } = await runFunctions(["--app", FIXTURE_APP], env);
    if (!host) throw new Error(stderr());
    const response = await fetch(`${host.ready.url}/api/greet/bob?code=${host.ready.functionKey}`);
    expect(response.headers.get("x-greeting")).toBe("from the environment");
    host.terminate();
    expect(await host.exitCode).toBe(0);
  });

  it.each([
    ["no function", "", "registers no function"],
    [
      "a name twice",
      `app.timer("a", { schedule: "0 * * * * *", handler() {} });
       app.timer("a", { schedule: "0 * * * * *", handler() {} });`,
      'A function with name \\"a\\" has already been registered',
    ],
    [
      "another kind of trigger",
      `app.storageQueue("q", { queueName: "q", connection: "", handler() {} });`,
      "the function q has a queueTrigger",
    ],
    [
      "a schedule that is none",
      `app.timer("t", { schedule: "00:05:00", handler() {} });`,
      'schedule \\"00:05:00\\"',
    ],
    [
      "a setting that is missing",
      `app.timer("t", { schedule: "%NO_SUCH_SETTING%", handler() {} });`,
      "needs the app setting NO_SUCH_SETTING",
    ],
    ["a module that throws", `throw new Error("broken module");`, "broken module"],
  ])("refuses an app with %s", async (_, source, message) => {
    const { host, stderr } = await runFunctions(["--app", await appOf(source)]);
    expect(host).toBeUndefined();
    expect(JSON.stringify(stderr())).toContain(message);
  });

  it("refuses a main that no file matches, and a folder that is no app", async () => {
    const nothing = await runFunctions(["--app", await appOf("", "dist/*.js")]);
    expect(nothing.stderr()).toContain("matches dist/*.js");
    const { directory, remove } = await writeApp({});
    apps.push({ remove });
    const empty = await runFunctions(["--app", directory]);
    expect(empty.stderr()).toContain("package.json cannot be read");
    const usage = await runFunctions([]);
    expect(usage.stderr()).toContain("fleetwright functions --app DIR");
  });
});

describe("timers in virtual time", () => {
  it("never run twice at once; what falls due meanwhile makes one run", async () => {
    const clock = { time: START };
    const runs: TimerInfo[] = [];
    const endRun: (() => void)[] = [];
    const schedule = parseSchedule("0 * * * * *", "t");
    const timers = new Timers([{ name: "t", schedule, runOnStartup: false, useMonitor: true }], {
      clock: { now: () => clock.time, factor: () => 0, synchronize: () => Promise.resolve() },
      run: (_, timer) => {
        runs.push(timer);
        return new Promise((resolve) => {
          endRun.push(resolve);
        });
      },
    });
    timers.tick();
    expect(runs).toHaveLength(0);
    clock.time += MINUTE;
    timers.tick();
    clock.time += 10 * MINUTE;
    timers.tick();
    timers.trigger("t");
    expect(runs).toHaveLength(1);
    endRun[0]?.();
    await until(() => runs.length === 2, "the run by hand, after the one under way");
    timers.tick();
    expect(runs).toHaveLength(2);
    endRun[1]?.();
    await until(() => {
      timers.tick();
      return runs.length === 3;
    }, "the catch-up");
    timers.stop();
    expect(runs.map(({ IsPastDue }) => IsPastDue)).toEqual([false, false, true]);
    expect(runs[2]?.ScheduleStatus).toEqual({
      Last: "2026-07-01T08:01:00.000+00:00",
      Next: "2026-07-01T08:02:00.000+00:00",
      LastUpdated: "2026-07-01T08:01:00.000+00:00",
    });
  });

  it.each([
    // Both day fields must hold: Friday the 13th.
    ["0 0 0 13 * 5", "2026-11-13T00:00:00.000Z", false],
    ["*/5 * * * *", "2026-07-01T08:05:00.000Z", false],
    ["*/30 * * * * *", "2026-07-01T08:00:30.000Z", true],
    ["0 30 9 * JUL MON-FRI", "2026-07-01T09:30:00.000Z", false],
    ["0 0 0 * * WED", "2026-07-08T00:00:00.000Z", false],
  ])("reads the schedule %s", (expression, next, isFrequent) => {
    const schedule = parseSchedule(expression, "t");
    expect(new Date(schedule.after(START) ?? 0).toISOString()).toBe(next);
    expect(schedule.isFrequent).toBe(isFrequent);
  });

  it.each([
    "00:05:00",
    "0 0 0 L * *",
    "0 0 0 15W * *",
    "0 0 0 * * 7",
    "0 0 0 * * 5#2",
    "61 * * * *",
    "",
  ])("refuses the schedule '%s', as NCrontab does", (expression) => {
    expect(() => parseSchedule(expression, "t")).toThrow("the function t has the schedule");
  });
});

describe("reading an app", () => {
  it.each([
    ["dist/functions/*.js", "dist/functions/a.js", true],
    ["dist/functions/*.js", "dist/functions/host/a.js", false],
    ["dist/**/*.js", "dist/a/b/c.js", true],
    ["dist/**/*.js", "dist/c.js", true],
    ["src/{index.js,functions/*.js}", "src/functions/a.js", true],
    ["src/{index.js,functions/*.js}", "src/other.js", false],
    ["./main.?js", "main.mjs", true],
    ["main.js", "mainxjs", false],
  ])("matches the glob %s with %s: %s", (glob, path, expected) => {
    expect(globPattern(glob).test(path)).toBe(expected);
  });

  it.each([
    ["api/status", "/api/status", {}],
    ["api/pets/{id:int}", "/api/pets/7", { id: "7" }],
    ["api/pets/{id:int}", "/api/pets/seven", undefined],
    ["api/{a}/{b?}", "/api/x", { a: "x" }],
    ["api/{a}/{b?}", "/api/x/y", { a: "x", b: "y" }],
    ["files/{*path}", "/files/a/b.txt", { path: "a/b.txt" }],
    ["a.b", "/axb", undefined],
  ])("matches the route %s with %s", (template, path, params) => {
    expect(parseRoute(template).match(path)).toEqual(params);
  });
});

function byId(a: Call["event"], b: Call["event"]): number {
  return String(a?.["id"]).localeCompare(String(b?.["id"]));
}
