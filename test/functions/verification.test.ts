import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { currentDeclarations, lookAtRuns } from "../../functions/host/look.ts";
import { readStatus } from "../../shared/status/status.ts";
import type { Scenario } from "../../emulator/scenario.ts";
import { fleetStrategyName, resolveStages, runName } from "../../shared/declaration/strategy.ts";
import { parseDeclarations } from "../../shared/declaration/parse.ts";
import { runSpec } from "../../shared/update-run/create.ts";
import { OWNER, REPO, startLocalApp, type LocalApp } from "./local-app.ts";

/** A stage whose gate asks for nodes, workloads and the team's own check run, on the emulator's wires. */
const FAMILY = "AKSUbuntu-2204gen2containerd";
const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const FLEET = `/subscriptions/${SUBSCRIPTION}/resourceGroups/harbour/providers/Microsoft.ContainerService/fleets/harbour`;
const OURS = "fleetwright: verified";

const scenario: Scenario = {
  subscription: SUBSCRIPTION,
  images: ["202606.16.0", "202607.09.0"].map((version) => ({
    region: "westeurope",
    version: `${FAMILY}-${version}`,
  })),
  clusters: ["quay-1", "quay-2"].map((name) => ({
    name,
    resourceGroup: "harbour",
    location: "westeurope",
    pools: [
      {
        name: "system",
        mode: "System" as const,
        count: 2,
        osSku: "Ubuntu",
        nodeImageVersion: `${FAMILY}-202606.16.0`,
      },
    ],
    workloads: [{ name: "tide", namespace: "harbour", replicas: 2 }],
  })),
  fleets: [
    {
      name: "harbour",
      resourceGroup: "harbour",
      location: "westeurope",
      members: [
        { name: "quay-1", cluster: "quay-1", group: "one" },
        { name: "quay-2", cluster: "quay-2", group: "two" },
      ],
    },
  ],
};

const FILES = {
  ".github/workflows/smoke.yml": `name: smoke
on:
  workflow_dispatch:
    inputs: {environment: {}, run: {}, stage: {}}
`,
  "fleetwright.yaml": `apiVersion: fleetwright.dev/v1alpha1
kind: Workspace
spec:
  environments:
    - {name: prod, fleet: ${FLEET}}
`,
  "strategies/staged.yaml": `apiVersion: fleetwright.dev/v1alpha1
kind: UpdateStrategy
metadata: {name: staged}
spec:
  stages:
    - name: first
      groups: [{name: one}]
      afterGates: [{displayName: "${OURS}", type: Approval}]
    - name: second
      groups: [{name: two}]
verification:
  first:
    approves: "${OURS}"
    checks: [nodes, workloads, team]
    workloads: {namespaces: [harbour]}
    team: {checkRun: smoke}
`,
  "releases/prod.yaml": `apiVersion: fleetwright.dev/v1alpha1
kind: Release
metadata: {name: prod, generation: 1}
spec:
  strategy: {name: staged}
  nodeImages: {${FAMILY}: "202607.09.0"}
`,
};

let local: LocalApp;
let run: string;
let commit: string;

interface Check {
  readonly name: string;
  readonly status: string;
  readonly conclusion: string | null;
  readonly output: { readonly title: string; readonly summary: string };
}

beforeAll(async () => {
  local = await startLocalApp({ scenario, files: FILES });
  const { app } = local;
  commit = await app.repository.head();
  const declared = parseDeclarations(await app.repository.readDeclarations(commit));
  const release = declared.releases[0]?.value;
  const strategy = declared.strategies[0]?.value;
  if (!release || !strategy) throw new Error("the declarations are broken");
  const name = fleetStrategyName(strategy, {});
  await app.fleets.createStrategy(FLEET, name, resolveStages(strategy, {}));
  run = runName(release, strategy.spec, {});
  await app.fleets.createRun(
    FLEET,
    run,
    runSpec(release, { strategyId: `${FLEET}/updateStrategies/${name}` }),
  );
  await look();
  await app.fleets.startRun(FLEET, run);
  await local.advance("PT6H");
}, 60_000);
afterAll(() => local?.close());

const look = () => lookAtRuns(local.app, { kind: "fleet", id: FLEET }, "now");

async function gate() {
  const status = await readStatus(local.app, await currentDeclarations(local.app));
  return status.environments[0]?.runs[0]?.stages[0]?.gates[0];
}

async function ourCheck(): Promise<Check | undefined> {
  const path = `/commits/${commit}/check-runs?check_name=${encodeURIComponent("fleetwright: prod")}`;
  return (await local.github<{ check_runs: readonly Check[] }>("GET", path)).check_runs[0];
}

const heldIssues = (state: string) =>
  local.github<readonly { title: string; body: string }[]>(
    "GET",
    `/issues?labels=held&state=${state}`,
  );

const smoke = (conclusion: string) =>
  local.github("POST", "/check-runs", {
    name: "smoke",
    head_sha: commit,
    status: "completed",
    conclusion,
    started_at: new Date(local.app.clock.now()).toISOString(),
  });

async function scale(replicas: number): Promise<void> {
  const cluster = FLEET.replace("fleets/harbour", "managedClusters/quay-1");
  const { kubeconfigs } = (
    await local.azure.call(`${cluster}/listClusterAdminCredential?api-version=2026-04-01`, {
      method: "POST",
    })
  ).json as { kubeconfigs: readonly { value: string }[] };
  const config = Buffer.from(kubeconfigs[0]?.value ?? "", "base64").toString();
  const server = /server: "?([^"\s]+)"?/.exec(config)?.[1] ?? "";
  const token = /token: "?([^"\s]+)"?/.exec(config)?.[1] ?? "";
  const path = `${new URL(server).pathname.replace(/\/$/, "")}/apis/apps/v1/namespaces/harbour/deployments/tide`;
  const reply = await local.azure.call(path, {
    method: "PATCH",
    as: null,
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/merge-patch+json",
    },
    body: JSON.stringify({ spec: { replicas } }),
  });
  expect(reply.status).toBe(200);
}

describe("a stage is done, and its gate asks three checks", () => {
  test("the gate waits for the team's check, and the check of the commit shows the run", async () => {
    await look();
    expect(await gate()).toMatchObject({
      approvedAt: undefined,
      reason: 'the check "smoke" has not run yet',
    });
    expect(await ourCheck()).toMatchObject({ status: "in_progress", conclusion: null });
  });

  test("when the team's check fails, the run is held: check, issue and status page say why", async () => {
    await smoke("failure");
    await look();
    expect((await gate())?.reason).toContain('the check "smoke" ended failure');
    expect(await ourCheck()).toMatchObject({ status: "completed", conclusion: "action_required" });
    expect((await ourCheck())?.output.summary).toContain('the check "smoke" ended failure');
    const [issue, ...others] = await heldIssues("open");
    expect(issue?.title).toBe(`prod: update run ${run} is held`);
    expect(issue?.body).toContain('the check "smoke" ended failure');
    expect(others).toEqual([]);
    await look();
    expect(await heldIssues("all")).toHaveLength(1);
  });

  test("beside a run of a newer generation that was started too, the gate stays closed", async () => {
    await smoke("success");
    const newer = "prod-2-0badc0de";
    const waits = { beforeGates: [{ displayName: "CAB", type: "Approval" }] } as const;
    await local.app.fleets.createRun(FLEET, newer, {
      upgradeType: "NodeImageOnly",
      nodeImageSelection: { type: "Latest" },
      stages: [{ name: "second", groups: [{ name: "two" }], ...waits }],
    });
    await local.app.fleets.startRun(FLEET, newer);
    await local.advance("PT1M");
    await look();
    const left = local.told.findLast(({ message }) => message === "gate left closed");
    expect(left?.fields).toMatchObject({ run, reason: expect.stringContaining(newer) });
    expect((await heldIssues("open"))[0]?.body).toContain("was started beside it");
    await local.app.fleets.stopRun(FLEET, newer);
    await local.advance("PT1M");
    await local.azure.call(`${FLEET}/updateRuns/${newer}?api-version=2026-06-01`, {
      method: "DELETE",
    });
  });

  test("once all three pass, the gate is approved with their evidence and the issue is closed", async () => {
    await smoke("success");
    await look();
    expect(await gate()).toMatchObject({ approvedBy: expect.any(String) });
    const approved = local.told.find(({ message }) => message === "gate approved");
    expect(approved?.fields["evidence"]).toEqual([
      expect.stringMatching(
        /^quay-1: 2 nodes on their target image, .*; 1 workloads in harbour available$/,
      ),
      expect.stringContaining('the check "smoke" passed'),
    ]);
    expect(await heldIssues("open")).toEqual([]);
  });

  test("a run that is done and proved ends its check as a success, at one issue in all", async () => {
    await local.advance("PT6H");
    await look();
    await look();
    expect(await ourCheck()).toMatchObject({ status: "completed", conclusion: "success" });
    const path = `/commits/${commit}/check-runs?filter=all&check_name=${encodeURIComponent("fleetwright: prod")}`;
    const all = await local.github<{ total_count: number }>("GET", path);
    expect(all.total_count).toBe(1);
    expect(await heldIssues("all")).toHaveLength(1);
  });
});

test("workloads are read from the cluster's own API: what is missing is named", async () => {
  const cluster = FLEET.replace("fleets/harbour", "managedClusters/quay-1");
  const read = () => local.app.workloads?.readWorkloads(cluster, ["harbour", "elsewhere"]);
  expect(await read()).toMatchObject({
    visible: true,
    workloads: [{ kind: "Deployment", name: "tide", desired: 2, available: 2, observed: true }],
  });
  await scale(300);
  expect(await read()).toMatchObject({ workloads: [{ desired: 300, available: 2 }] });
});

test("a workflow of the team is dispatched with the stage, and read by its id", async () => {
  const inputs = { environment: "prod", run, stage: "first" };
  const dispatched = await local.app.team?.dispatch("smoke.yml", inputs);
  const id = dispatched?.id ?? 0;
  expect(await local.app.team?.readWorkflowRun(id)).toMatchObject({ status: "queued" });
  const control = `/github/repositories/${OWNER}/${REPO}/workflow-runs`;
  await local.azure.control("POST", control, { id, conclusion: "success" });
  expect(await local.app.team?.readWorkflowRun(id)).toMatchObject({
    status: "completed",
    conclusion: "success",
  });
});
