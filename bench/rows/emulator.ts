import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Row } from "../row.ts";
import { fleetScenario, nodesPath, RUN_BODY, runPath } from "../emulator-scenario.ts";
import { createLoad } from "../load.ts";
import type { Load } from "../load.ts";
import { measurePairs } from "../pairs.ts";
import { BENCH, COMMAND, withFolder } from "../places.ts";
import { cpuMillisecondsOf, residentMegabytesOf } from "../processes.ts";
import { compare } from "../report.ts";
import type { Line } from "../report.ts";
import { startServerProcess } from "../servers.ts";
import type { ServerProcess } from "../servers.ts";
import type { Sizes } from "../sizes.ts";

export const EMULATOR_ROWS: Readonly<Record<string, Row>> = {
  "emulator-requests": measureRequests,
  "emulator-idle": measureIdle,
  "emulator-start": measureStart,
};

/** What the ready line of `fleetwright emulator` says of itself. */
interface Ready {
  readonly arm: string;
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  readonly msi: string;
  readonly control: string;
}

type Emulator = ServerProcess<Ready>;
type EmptyServer = ServerProcess<Pick<Ready, "arm">>;

/** Virtual time into the run: some members done, some under way, most not started. */
const INTO_THE_RUN = "PT2H";
/** Application id of the AKS server: the audience of tokens for clusters. */
const KUBERNETES_AUDIENCE = "6dae42f8-4368-4678-94ff-3960e28e3630";
/** After the start, until garbage and timers of the start are gone. */
const SETTLE_MILLISECONDS = 2_000;
const EMPTY_SERVER = "empty https server";

function startEmulator(args: readonly string[]): Promise<Emulator> {
  return startServerProcess([COMMAND, "emulator", ...args]);
}

function startEmptyServer({ certificate, key }: Ready): Promise<EmptyServer> {
  const files = JSON.stringify({ certificate, key });
  return startServerProcess([BENCH, "--child", "empty-server", files]);
}

/** An emulator with a fleet, and the empty server of the same certificate. */
async function withServers<T>(
  clusters: Parameters<typeof fleetScenario>[0],
  clock: string,
  use: (emulator: Emulator, empty: EmptyServer) => Promise<T>,
): Promise<T> {
  return withFolder(async (folder) => {
    const scenario = join(folder, "scenario.json");
    await writeFile(scenario, JSON.stringify(fleetScenario(clusters)));
    const emulator = await startEmulator(["--scenario", scenario, "--clock", clock]);
    try {
      const empty = await startEmptyServer(emulator.ready);
      try {
        return await use(emulator, empty);
      } finally {
        await empty.stop();
      }
    } finally {
      await emulator.stop();
    }
  });
}

function measureRequests({ emulator: sizes, pairs }: Sizes): Promise<readonly Line[]> {
  const { members, nodes, requests } = sizes;
  return withServers({ clusters: members, nodes }, "manual", async ({ ready }, empty) => {
    const load = createLoad(await readFile(ready.ca, "utf8"));
    try {
      await startRun(load, ready, members);
      const run = { measure: `update run of ${members} members`, path: runPath() };
      const list = { measure: `list of ${nodes} nodes`, path: nodesPath() };
      const common = { load, empty: empty.ready.arm, pairs };
      const arm = await tokenFor(ready, ready.arm);
      const kubernetes = await tokenFor(ready, KUBERNETES_AUDIENCE);
      return [
        ...(await requestLines({ ...common, ...run, origin: ready.arm, token: arm, requests })),
        ...(await requestLines({
          ...common,
          ...list,
          origin: ready.arm,
          token: kubernetes,
          // A list is as long as thirty runs.
          requests: Math.ceil(requests / 10),
        })),
      ];
    } finally {
      load.close();
    }
  });
}

interface RequestRow {
  readonly load: Load;
  readonly origin: string;
  readonly empty: string;
  readonly measure: string;
  readonly path: string;
  readonly token: string;
  readonly requests: number;
  readonly pairs: number;
}

/** Beside a server that sends nothing, and beside one that sends as many bytes and makes none of them. */
async function requestLines(row: RequestRow): Promise<Line[]> {
  const { load, origin, empty, measure, path, token, requests, pairs } = row;
  const { length } = await load.send("GET", origin + path, { token });
  const peers = [
    { beside: EMPTY_SERVER, url: `${empty}/` },
    { beside: `same server, ${Math.ceil(length / 1_000)} KB`, url: `${empty}/${length}` },
  ];
  const lines: Line[] = [];
  for (const { beside, url } of peers) {
    const measured = await measurePairs(pairs, {
      ours: () => load.requestsPerSecond(origin + path, { token, requests }),
      beside: () => load.requestsPerSecond(url, { token, requests }),
    });
    const note =
      "emulator-requests: 50 keep-alive connections of one client, which shares the processors with the server.";
    lines.push(
      compare({ row: "emulator-requests", measure, unit: "1/s", beside, pairs: measured, note }),
    );
  }
  return lines;
}

async function startRun(load: Load, ready: Ready, members: number): Promise<void> {
  const token = await tokenFor(ready, ready.arm);
  const [path = "", query = ""] = runPath().split("?");
  await load.send("PUT", `${ready.arm}${path}?${query}`, { token, body: RUN_BODY });
  await load.send("POST", `${ready.arm}${path}/start?${query}`, { token });
  await load.send("POST", `${ready.control}/clock`, { body: { advance: INTO_THE_RUN } });
  const run = await load.send("GET", `${ready.arm}${path}?${query}`, { token });
  const shown = run.split('"clusterResourceId"').length - 1;
  if (shown !== members) throw new Error(`the run shows ${shown} of ${members} members`);
}

async function tokenFor({ msi }: Ready, resource: string): Promise<string> {
  const reply = await fetch(msi, {
    method: "POST",
    headers: { Metadata: "true", "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ resource }).toString(),
  });
  if (!reply.ok) throw new Error(`no token for ${resource}: ${reply.status}`);
  return ((await reply.json()) as { access_token: string }).access_token;
}

function measureIdle({ emulator: sizes }: Sizes): Promise<readonly Line[]> {
  const { idleClusters, idleMilliseconds } = sizes;
  return withServers({ clusters: idleClusters, nodes: 0 }, "real", async (emulator, empty) => {
    await sleep(SETTLE_MILLISECONDS);
    const before = [emulator, empty].map(({ pid }) => cpuMillisecondsOf(pid));
    await sleep(idleMilliseconds);
    const after = [emulator, empty].map(({ pid }) => cpuMillisecondsOf(pid));
    const memory = [emulator, empty].map(({ pid }) => residentMegabytesOf(pid));
    const busy = after.map((end, index) => share(before[index], end, idleMilliseconds));
    return [...idleLines(idleClusters, { busy, memory })];
  });
}

function share(begin: number | undefined, end: number | undefined, of: number): number | undefined {
  return begin === undefined || end === undefined ? undefined : ((end - begin) / of) * 100;
}

type OursAndBeside = readonly (number | undefined)[];

function* idleLines(
  clusters: number,
  { busy, memory }: { readonly busy: OursAndBeside; readonly memory: OursAndBeside },
): Generator<Line> {
  const row = "emulator-idle";
  const [ourBusy, otherBusy] = busy;
  const [ourMemory, otherMemory] = memory;
  if (ourBusy === undefined || ourMemory === undefined) {
    yield { row, absent: "there is no /proc to read a living process's CPU time and memory from" };
    return;
  }
  yield compare({
    row,
    measure: `CPU of ${clusters.toLocaleString("en-US")} clusters at rest`,
    unit: "%",
    beside: "a whole processor",
    pairs: [{ ours: ourBusy, beside: 100 }],
    target: "< 0.01",
    note: `emulator-idle: the empty https server used ${(otherBusy ?? 0).toPrecision(2)} % in the same time.`,
  });
  yield compare({
    row,
    measure: "its memory",
    unit: "MB",
    beside: EMPTY_SERVER,
    pairs: [{ ours: ourMemory, beside: otherMemory ?? Number.NaN }],
    target: "< 300 MB",
  });
}

function measureStart({ pairs, emulator: { idleClusters } }: Sizes): Promise<readonly Line[]> {
  return withFolder(async (folder) => {
    const scenario = join(folder, "scenario.json");
    await writeFile(scenario, JSON.stringify(fleetScenario({ clusters: idleClusters, nodes: 0 })));
    const anchor = await startEmulator([]);
    try {
      const ours = await startLine("with one cluster", [], anchor, pairs);
      const large = `with ${idleClusters.toLocaleString("en-US")} clusters`;
      return [ours, await startLine(large, ["--scenario", scenario], anchor, pairs)];
    } finally {
      await anchor.stop();
    }
  });
}

/** From spawn to the ready line; the certificate of the empty server is that of a running emulator. */
async function startLine(
  measure: string,
  args: readonly string[],
  { ready }: Emulator,
  count: number,
): Promise<Line> {
  const pairs = await measurePairs(count, {
    ours: () => startAndStop(() => startEmulator(args)),
    beside: () => startAndStop(() => startEmptyServer(ready)),
  });
  return compare({
    row: "emulator-start",
    measure: `start to ready line, ${measure}`,
    unit: "ms",
    beside: EMPTY_SERVER,
    pairs,
  });
}

async function startAndStop(start: () => Promise<ServerProcess<unknown>>): Promise<number> {
  const server = await start();
  await server.stop();
  return server.startMilliseconds;
}
