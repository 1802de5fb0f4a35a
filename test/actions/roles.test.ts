import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StepResult } from "../../cli/tour/runner.ts";
import type { Scenario } from "../../emulator/scenario.ts";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import { createJob } from "../support/job.ts";
import type { Job } from "../support/job.ts";
import { files as harbour, SUBJECT } from "./harbour.ts";
import { FLEET, NEW, OLD, SUBSCRIPTION, scenario as quay } from "./quay.ts";
import { AKS, NODE, OPERATOR, READER, REPAIRER, STRATEGY, TOKEN, type Row } from "./role-steps.ts";

const REPOSITORY = "octo-org/harbour";

interface Role {
  readonly Actions: readonly string[];
  readonly DataActions: readonly string[];
}

function permissionsOf(role: string): readonly string[] {
  const path = join(import.meta.dirname, `../../infra/roles/${role}.json`);
  const { Actions, DataActions } = JSON.parse(readFileSync(path, "utf8")) as Role;
  return [...Actions, ...DataActions];
}

const full = (permission: string) =>
  permission.startsWith("Microsoft.") ? permission : `${AKS}/${permission}`;

const clientId = (index: number) => `99999999-0000-0000-0001-${String(index).padStart(12, "0")}`;

/** Identities: the first with the whole role, then one for each permission that it lacks. */
function identities(permissions: readonly string[]): Scenario["principals"] {
  return [undefined, ...permissions].map((without, index) => ({
    name: `identity-${index}`,
    clientId: clientId(index),
    federated: [{ subject: SUBJECT }],
    roles: [
      {
        actions: permissions.filter((one) => one !== without),
        scope: `/subscriptions/${SUBSCRIPTION}`,
      },
    ],
  }));
}

const BODY = `location: westeurope
identity: {type: SystemAssigned}
properties:
  dnsPrefix: quay-9
  kubernetesVersion: 1.33.5
  agentPoolProfiles: [{name: system, mode: System, count: 1, vmSize: Standard_D4ds_v5}]
`;
const files = {
  ...harbour,
  "strategies/canary.yaml": STRATEGY,
  "clusters/quay-9.yaml": BODY,
};

/** The repository that `promote` reads and writes: what dev ran, and an environment after it. */
const repository = {
  ...files,
  "fleetwright.yaml": harbour["fleetwright.yaml"]
    .replace("spec:", "spec:\n  snapshots: {capture: [outgoing]}")
    .concat(`    - {name: prod, fleet: ${FLEET}-prod, promotesFrom: dev, nodeImage: {soak: 0s}}\n`),
  "releases/prod.yaml": harbour["releases/dev.yaml"]
    .replace("name: dev", "name: prod")
    .replace(NEW.split("-").at(-1) ?? "", OLD.split("-").at(-1) ?? ""),
};

describe.each([
  ["reader", READER],
  ["operator", OPERATOR],
  ["repairer", REPAIRER],
] as const)("the %s", (role, rows) => {
  const permissions = permissionsOf(role);
  let emulator: TestEmulator;
  const jobs = new Map<number, Job>();
  let token: string;

  beforeAll(async () => {
    // With its budgets an update run of the operator would fail.
    const clusters = quay.clusters?.map((cluster) => ({
      ...cluster,
      budgets: role === "operator" ? [] : cluster.budgets,
    }));
    const scenario = {
      ...quay,
      ...(clusters && { clusters }),
      principals: identities(permissions),
    };
    emulator = await startTestEmulator({ scenario, clock: 600 });
    await emulator.control("POST", "/images", { region: "westeurope", version: NEW });
    const [owner, name] = REPOSITORY.split("/");
    await emulator.control("POST", "/github/repositories", { owner, name, files: repository });
    const granted = { contents: "write", pull_requests: "write", checks: "read" };
    const login = "fleetwright[bot]";
    const answer = await emulator.control("POST", "/github/tokens", {
      login,
      permissions: granted,
    });
    ({ token } = answer as { token: string });
  });
  afterAll(async () => {
    for (const job of jobs.values()) await job.close();
    await emulator.close();
  });

  function quarantine({ cluster: name, pool: held }: NonNullable<Row["quarantined"]>): string {
    const clusters = [...emulator.environment.world.clusters.values()];
    const cluster = clusters.find((one) => one.name === name);
    const node = [...(cluster?.nodes.values() ?? [])].find((one) => one.pool === held);
    if (cluster === undefined || node === undefined) throw new Error(`${name} has no ${held}`);
    const labels = { ...node.labels, "kubernetes.azure.com/upgrade-status": "Quarantined" };
    cluster.patchNode(node.name, { labels, unschedulable: true });
    return node.name;
  }

  async function run({
    action,
    inputs,
    without,
    after,
    files: changed,
    quarantined,
  }: Row): Promise<StepResult> {
    const node = quarantined && quarantine(quarantined);
    if (after !== undefined) await emulator.control("POST", "/clock", { advance: after });
    const index = without === undefined ? 0 : permissions.indexOf(full(without)) + 1;
    const known = jobs.get(index);
    const job =
      known ??
      (await createJob({
        files,
        azure: emulator,
        clientId: clientId(index),
        subject: SUBJECT,
        env: { GITHUB_API_URL: emulator.ready.github, GITHUB_REPOSITORY: REPOSITORY },
      }));
    jobs.set(index, job);
    await job.write(changed ?? {});
    const values: Readonly<Record<string, string | undefined>> = { [NODE]: node, [TOKEN]: token };
    const given = Object.entries(inputs).map(([name, value]) => [name, values[value] ?? value]);
    return job.run(action, Object.fromEntries(given) as Record<string, string>);
  }

  test.each(rows.map((row) => [row.action, row.inputs["operation"], row.without, row] as const))(
    "%s %s without %s",
    async (_action, _operation, without, row) => {
      const { exitCode, outputs, annotations, log, summary } = await run(row);
      if (without === undefined) {
        expect({ exitCode, last: annotations.at(-1)?.message }).toMatchObject({ exitCode: 0 });
        expect(log).toMatch(row.told ?? "");
        return;
      }
      if (row.told !== undefined) {
        expect(`${log}\n${summary}`).toMatch(row.told);
        return;
      }
      expect(annotations.at(-1)?.message ?? "").toContain(full(without));
      expect([exitCode, ["unauthorized", "unreachable"]]).toEqual([
        1,
        expect.arrayContaining([outputs["failure-reason"]]),
      ]);
    },
  );

  test("has no permission that no step needs", () => {
    const needed = rows.flatMap(({ without }) => (without === undefined ? [] : [full(without)]));
    expect([...new Set(needed)].toSorted()).toEqual(permissions.toSorted());
  });
});
