import { spawnSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { dirname, join } from "node:path";
import { json } from "node:stream/consumers";
import { inputVariables, runnerFiles } from "../action-runner.ts";
import { measurePairs } from "../pairs.ts";
import type { Pair } from "../pairs.ts";
import { COMMAND, PACKAGE_ROOT, withFolder } from "../places.ts";
import { actionSteps, azCommands, CLIENT, DECLARED, poolScenario, SUBJECT } from "../pool-job.ts";
import { compare } from "../report.ts";
import type { Line } from "../report.ts";
import type { Row } from "../row.ts";
import { startServerProcess } from "../servers.ts";
import type { Sizes } from "../sizes.ts";
import { timed } from "../timed-command.ts";
import type { Timed } from "../timed-command.ts";

export const AZURE_CLI_ROWS: Readonly<Record<string, Row>> = { "azure-cli": measurePoolJob };

interface Ready {
  readonly arm: string;
  readonly authority: string;
  readonly tenant: string;
  readonly ca: string;
  readonly msi: string;
  readonly control: string;
}

/** Virtual time runs so fast that waiting is a few polls. */
const CLOCK = "5000";
const TARGET = "≤ 0.2";

async function measurePoolJob({ slowPairs }: Sizes): Promise<readonly Line[]> {
  if (spawnSync("az", ["version"]).status !== 0) {
    return [{ row: "azure-cli", absent: "the Azure CLI is not installed" }];
  }
  return withFolder(async (folder) => {
    const scenario = join(folder, "scenario.json");
    await writeFile(scenario, JSON.stringify(poolScenario(2 * slowPairs)));
    const args = [COMMAND, "emulator", "--scenario", scenario, "--clock", CLOCK];
    const emulator = await startServerProcess<Ready>(args);
    try {
      return lines(await measure(folder, emulator.ready, slowPairs));
    } finally {
      await emulator.stop();
    }
  });
}

async function measure(
  folder: string,
  ready: Ready,
  pairs: number,
): Promise<readonly Pair<Timed>[]> {
  let turn = 0;
  const az = await signedInCli(folder, ready);
  const job = await checkedOutJob(folder, ready);
  const pair = { ours: () => job(turn++), beside: () => az(turn++) };
  // The sign-in has read all of az already.
  return measurePairs(pairs, pair, { isWarm: true });
}

async function signedInCli(
  folder: string,
  ready: Ready,
): Promise<(turn: number) => Promise<Timed>> {
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: folder,
    AZURE_CONFIG_DIR: join(folder, "azure"),
    AZURE_EXTENSION_DIR: join(folder, "extensions"),
    AZURE_CORE_COLLECT_TELEMETRY: "no",
    AZURE_CORE_NO_COLOR: "yes",
    AZURE_EXTENSION_USE_DYNAMIC_INSTALL: "no",
    MSI_ENDPOINT: ready.msi,
    REQUESTS_CA_BUNDLE: ready.ca,
  };
  const run = (command: readonly string[]) => timed(command, { env, cwd: folder });
  const { arm } = ready;
  const resource = "https://management.core.windows.net/";
  for (const line of [
    `cloud register -n local --endpoint-resource-manager ${arm} --endpoint-active-directory ${arm}/adfs --endpoint-active-directory-resource-id ${resource} --endpoint-active-directory-graph-resource-id ${arm}/graph`,
    "cloud set -n local",
    "login --identity",
  ]) {
    await run(["az", ...line.split(" ")]);
  }
  return (turn) => inTurn(azCommands(turn), run);
}

/** Each action signs in anew: that is counted too. */
async function checkedOutJob(
  folder: string,
  ready: Ready,
): Promise<(turn: number) => Promise<Timed>> {
  const workspace = join(folder, "workspace");
  for (const [path, content] of Object.entries(DECLARED)) {
    await mkdir(dirname(join(workspace, path)), { recursive: true });
    await writeFile(join(workspace, path), content);
  }
  const oidc = await issueIdentity(ready);
  const env = {
    ...(await runnerFiles(folder, workspace)),
    PATH: process.env["PATH"] ?? "",
    HOME: folder,
    AZURE_RESOURCE_MANAGER_ENDPOINT: ready.arm,
    AZURE_AUTHORITY_HOST: new URL(ready.authority).origin,
    AZURE_TENANT_ID: ready.tenant,
    AZURE_CLIENT_ID: CLIENT,
    NODE_EXTRA_CA_CERTS: ready.ca,
    ACTIONS_ID_TOKEN_REQUEST_URL: oidc.requestUrl,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: oidc.requestToken,
  };
  return (turn) =>
    inTurn(actionSteps(turn), async (step) => {
      const bundle = join(PACKAGE_ROOT, "dist", "actions", `${step.action}.cjs`);
      return timed([process.execPath, bundle], {
        env: { ...env, ...(await inputVariables(step)) },
        cwd: workspace,
      });
    });
}

async function issueIdentity({ control, ca }: Ready) {
  const trusted = await readFile(ca);
  return new Promise<{ readonly requestUrl: string; readonly requestToken: string }>(
    (resolve, reject) => {
      const options = {
        method: "POST",
        ca: trusted,
        headers: { "content-type": "application/json" },
      };
      const call = request(`${control}/oidc`, options, (answer) => {
        json(answer).then((body) => resolve(body as never), reject);
      });
      call.once("error", reject);
      call.end(JSON.stringify({ subject: SUBJECT }));
    },
  );
}

async function inTurn<T>(parts: readonly T[], run: (part: T) => Promise<Timed>): Promise<Timed> {
  let total: Timed = { wallMilliseconds: 0, cpuMilliseconds: 0 };
  for (const part of parts) {
    const { wallMilliseconds, cpuMilliseconds } = await run(part);
    total = {
      wallMilliseconds: total.wallMilliseconds + wallMilliseconds,
      cpuMilliseconds: total.cpuMilliseconds + cpuMilliseconds,
    };
  }
  return total;
}

function lines(pairs: readonly Pair<Timed>[]): readonly Line[] {
  const common = {
    row: "azure-cli",
    unit: "ms",
    beside: "az, four commands",
    note: "The actions sign in at each step and verify the nodes; az is signed in before and believes ARM.",
  } as const;
  const measure = "node pool: show, snapshot, upgrade, wait";
  return [
    compare({
      ...common,
      measure: `${measure}, CPU`,
      target: TARGET,
      pairs: pairs.map(({ ours, beside }) => ({
        ours: ours.cpuMilliseconds,
        beside: beside.cpuMilliseconds,
      })),
    }),
    compare({
      ...common,
      measure,
      pairs: pairs.map(({ ours, beside }) => ({
        ours: ours.wallMilliseconds,
        beside: beside.wallMilliseconds,
      })),
    }),
  ];
}
