import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import type { Job } from "../support/job.ts";
import { FAMILY, files, FLEET, NEW, OLD, release, scenario } from "./harbour.ts";
import { hostRepository } from "./hosted-repository.ts";
import type { HostedRepository } from "./hosted-repository.ts";

const NEWER = "202607.16.0";
const CAB = "CAB";
/** Two clusters side by side, then a person's gate and a long wait. */
const STRATEGY = `apiVersion: fleetwright.dev/v1alpha1
kind: UpdateStrategy
metadata: {name: canary}
spec:
  stages:
    - {name: canary, groups: [{name: canary}], afterStageWaitInSeconds: 864000, afterGates: [{displayName: ${CAB}, type: Approval}]}
    - {name: rest, groups: [{name: blue}]}
`;
const declared = { ...files, "strategies/canary.yaml": STRATEGY };

let emulator: TestEmulator;
let repository: HostedRepository;
let job: Job;
let commit: string;

beforeAll(async () => {
  const images = [OLD, NEW, NEWER].map((version) => ({
    region: "westeurope",
    version: `${FAMILY}-${version}`,
  }));
  emulator = await startTestEmulator({ scenario: { ...scenario, images }, clock: 5_000 });
  repository = await hostRepository(emulator, declared);
  commit = (await repository.call<{ object: { sha: string } }>("GET", "/git/ref/heads/main")).object
    .sha;
  job = await repository.jobAt(declared, { commit });
  await job.run("strategy", { operation: "apply" });
  await job.run("snapshot", { operation: "take", environment: "dev", kind: "outgoing" });
});
afterAll(async () => {
  await repository.close();
  await emulator.close();
});

const updateRun = (operation: string, inputs: Readonly<Record<string, string>> = {}) =>
  job.run("update-run", {
    operation,
    environment: "dev",
    "poll-interval": "1s",
    "reviewed-plan": "off",
    ...inputs,
  });

async function checks(): Promise<readonly (readonly string[])[]> {
  const { check_runs } = await repository.call<{
    check_runs: readonly { name: string; conclusion: string | null; output: { title: string } }[];
  }>("GET", `/commits/${commit}/check-runs?filter=all&per_page=100`);
  return check_runs
    .map(({ name, conclusion, output }) => [name, conclusion ?? "", output.title])
    .toReversed();
}

interface RunBody {
  readonly name: string;
  readonly properties: {
    readonly updateStrategyId?: string;
    readonly managedClusterUpdate: object;
    readonly status: { readonly stages: readonly StageBody[] };
  };
}
interface StageBody {
  readonly groups: readonly {
    readonly members: readonly {
      readonly name: string;
      readonly status: { readonly state: string };
    }[];
  }[];
}

async function storedRun(name: string | undefined): Promise<RunBody> {
  const { json } = await emulator.call(`${FLEET}/updateRuns/${name}?api-version=2026-06-01`);
  return json as RunBody;
}

function membersOf(run: RunBody): Readonly<Record<string, string>> {
  const members = run.properties.status.stages.flatMap(({ groups }) =>
    groups.flatMap(({ members: all }) => all),
  );
  return Object.fromEntries(members.map(({ name, status }) => [name, status.state]));
}

test("a step that stops waiting leaves a check, and approvals and skips with their reason", async () => {
  const detached = await updateRun("run", { "detach-after": "8s" });
  expect(detached).toMatchObject({ exitCode: 0, outputs: { detached: "true" } });
  expect(await checks()).toEqual([
    ["fleetwright: dev", "", expect.stringMatching(/^dev-1-\w+ is (Running|Pending): /)],
    // The job's own token: nobody else could end its check, so that it ends it itself.
    ["fleetwright: dev", "neutral", expect.stringMatching(/^dev-1-/)],
  ]);

  const unexplained = await updateRun("approve");
  expect(unexplained.outputs["failure-reason"]).toBe("invalid-input");
  const reason = "the board agreed ⚓";
  const unknown = await updateRun("approve", { reason, gate: "nobody's" });
  expect(unknown.outputs["failure-reason"]).toBe("not-found");
  const approved = await updateRun("approve", { reason, gate: CAB });
  expect(approved).toMatchObject({ exitCode: 0, outputs: { changed: "true" } });
  expect(approved.summary).toContain(`ada approved the gate "${CAB}" after canary: ${reason}`);
  const twice = await updateRun("approve", { reason });
  expect(twice).toMatchObject({ exitCode: 0, outputs: { changed: "false" } });

  const mistyped = await updateRun("skip", { reason, targets: "AfterStageWait:cnary" });
  expect(mistyped.annotations.at(-1)?.message).toMatch(/has no AfterStageWait:cnary.*canary/);
  const malformed = await updateRun("skip", { reason, targets: "canary" });
  expect(malformed.annotations.at(-1)?.message).toMatch(/holds "canary".*TYPE:NAME/);
  const targets = "AfterStageWait:canary";
  const skipped = await updateRun("skip", { reason: "the fix cannot wait", targets });
  expect(skipped).toMatchObject({ exitCode: 0, outputs: { changed: "true" } });
  const again = await updateRun("skip", { reason, targets });
  expect(again).toMatchObject({ exitCode: 0, outputs: { changed: "false" } });

  const followed = await updateRun("follow");
  expect(followed).toMatchObject({ exitCode: 0, outputs: { state: "Completed" } });
  expect((await checks()).slice(2)).toEqual([
    [
      expect.stringMatching(/^fleetwright approval: dev-1-\w+ \/ canary \/ CAB$/),
      "success",
      "Approved by ada",
    ],
    [expect.stringMatching(/^fleetwright skip: dev-1-/), "neutral", `${targets} skipped by ada`],
    ["fleetwright: dev", "success", expect.stringMatching(/is Completed: 2 of 2 members done/)],
  ]);
});

test("the way back brings the images that the members ran before, once", async () => {
  const unexplained = await updateRun("roll-back");
  expect(unexplained.outputs["failure-reason"]).toBe("invalid-input");
  const back = await updateRun("roll-back", { reason: "lamps went dark" });
  expect(back).toMatchObject({ exitCode: 0, outputs: { state: "Completed", changed: "true" } });
  expect(back.outputs["run-name"]).toMatch(/^dev-1-[0-9a-f]{8}-back-[0-9a-f]{8}$/);
  expect(back.summary).toContain(`ada rolled 2 members back to ${FAMILY}-${OLD}: lamps went dark`);
  expect(back.annotations[0]?.message).toMatch(/revert it by pull request/);
  const cluster = await emulator.aks.managedClusters.get("harbour", "quay-1");
  expect(cluster.agentPoolProfiles?.map(({ nodeImageVersion }) => nodeImageVersion)).toEqual([
    `${FAMILY}-${OLD}`,
    `${FAMILY}-${OLD}`,
  ]);
  const again = await updateRun("roll-back", { reason: "lamps went dark" });
  expect(again).toMatchObject({ exitCode: 0, outputs: { changed: "false" } });
});

test("a retry repeats what failed with the same pins, and never what a person skipped", async () => {
  const stages = `${STRATEGY.split("spec:")[0]}spec:
  stages:
    - {name: all, groups: [{name: canary}, {name: blue}]}
`;
  await job.write({ "strategies/canary.yaml": stages, "releases/dev.yaml": release(2, NEWER) });
  await emulator.aks.managedClusters.stop("harbour", "quay-2", emulator.polling);
  // Its stages are its own: nothing has to be stored.
  const created = await updateRun("create", {
    "strategy-as": "inline",
    "preflight-rules": "cluster-stopped=warn",
  });
  expect(created).toMatchObject({ exitCode: 0, outputs: { changed: "true" } });
  const name = created.outputs["run-name"] ?? "";
  expect((await storedRun(name)).properties.updateStrategyId).toBeUndefined();
  const skipped = await updateRun("skip", { reason: "in dry dock", targets: "Member:quay-1" });
  expect(skipped.exitCode).toBe(0);
  const failed = await updateRun("run", { "strategy-as": "inline" });
  expect(failed.outputs).toMatchObject({ state: "Failed", "failure-reason": "run-failed" });

  await emulator.aks.managedClusters.start("harbour", "quay-2", emulator.polling);
  const retried = await updateRun("retry");
  expect(retried).toMatchObject({
    exitCode: 0,
    outputs: { "run-name": `${name}-r1`, state: "Completed", changed: "true" },
  });
  const [first, repeat] = [await storedRun(name), await storedRun(`${name}-r1`)];
  expect(repeat.properties.managedClusterUpdate).toEqual(first.properties.managedClusterUpdate);
  expect(membersOf(repeat)).toEqual({ "quay-2": "Completed" });
  const again = await updateRun("retry");
  expect(again).toMatchObject({ exitCode: 0, outputs: { changed: "false" } });
});

test("the preflight leaves a stopped cluster out, waits for a busy one, and blocks by rule", async () => {
  await job.write({ "releases/dev.yaml": release(3, NEW).replace("canary", "one-by-one") });
  await emulator.aks.managedClusters.stop("harbour", "quay-2", emulator.polling);
  const looked = await updateRun("preflight");
  expect(looked).toMatchObject({
    exitCode: 1,
    outputs: { verdict: "block", "failure-reason": "preflight-failed" },
  });
  expect(looked.summary).toMatch(
    /\| block \| cluster-stopped \| quay-2: its cluster is stopped \|/,
  );
  const blocked = await updateRun("run");
  expect(blocked.annotations.at(-1)?.message).toMatch(
    /cluster-stopped: quay-2.*start it, or skip it/,
  );

  const unknown = await updateRun("run", { "preflight-rules": "cluster-stoped=skip" });
  expect(unknown.annotations.at(-1)?.message).toMatch(
    /holds "cluster-stoped=skip".*cluster-stopped/,
  );
  const ran = await updateRun("run", { "preflight-rules": "cluster-stopped=skip" });
  expect(ran).toMatchObject({ exitCode: 0, outputs: { state: "Completed" } });
  expect(membersOf(await storedRun(ran.outputs["run-name"]))).toMatchObject({
    "quay-2": "Skipped",
  });
  // Promotion reads it: nobody has to guess why a member was left out.
  const skip = (await checks()).find(
    ([name]) => name === `fleetwright skip: ${ran.outputs["run-name"]}`,
  );
  expect(skip).toEqual([expect.any(String), "neutral", "Member:quay-2 skipped by preflight"]);

  await job.write({ "releases/dev.yaml": release(4, NEWER).replace("canary", "one-by-one") });
  const late = await updateRun("run", {
    "preflight-rules": "cluster-stopped=wait",
    "preflight-timeout": "1s",
  });
  expect(late.annotations.at(-1)?.message).toMatch(/preflight still waits for: cluster-stopped/);
  setTimeout(
    () => void emulator.aks.managedClusters.start("harbour", "quay-2", emulator.polling),
    1,
  );
  const waited = await updateRun("create", { "preflight-rules": "cluster-stopped=wait" });
  expect(waited).toMatchObject({ exitCode: 0, outputs: { changed: "true" } });
});

test("the preflight tells of a maintenance window that is closed", async () => {
  await job.write({ "releases/dev.yaml": release(4, NEWER) });
  const { maintenanceConfigurations: windows } = emulator.aks;
  const put = (name: string, startDate: string) =>
    windows.createOrUpdate("harbour", "quay-1", name, {
      maintenanceWindow: {
        schedule: { daily: { intervalDays: 1 } },
        durationHours: 24,
        startDate: new Date(startDate),
        startTime: "00:00",
      },
    });
  // The run renews node images alone: the other window does not concern it.
  await put("aksManagedAutoUpgradeSchedule", "2027-06-01");
  expect((await updateRun("preflight")).summary).not.toContain("outside-window");
  await put("aksManagedNodeOSUpgradeSchedule", "2027-06-01");
  expect((await updateRun("preflight")).summary).toMatch(
    /\| warn \| outside-window \| quay-1: its maintenance window is closed until 2027-06-01T00/,
  );
  const blocked = await updateRun("preflight", { "preflight-rules": "outside-window=block" });
  expect(blocked.outputs).toMatchObject({ verdict: "block", "failure-reason": "preflight-failed" });
  await put("aksManagedNodeOSUpgradeSchedule", "2026-06-01");
  expect((await updateRun("preflight")).summary).not.toContain("outside-window");
  await windows.delete("harbour", "quay-1", "aksManagedNodeOSUpgradeSchedule");
});

test("a freeze has a failure reason of its own", async () => {
  const freezes = 'spec:\n  freezes: [{name: regatta, from: "2026-01-01", to: "2027-12-31"}]';
  await job.write({
    "fleetwright.yaml": files["fleetwright.yaml"].replace("spec:", freezes),
    "releases/dev.yaml": release(5, NEW),
  });
  const frozen = await updateRun("preflight");
  expect(frozen.outputs).toMatchObject({ verdict: "block", "failure-reason": "frozen" });
});

test("a way back that Fleet passes over is no success", async () => {
  const strict = await startTestEmulator({
    scenario: { ...scenario, rules: { allowCustomDowngrade: false } },
    clock: 20_000,
  });
  const hosted = await hostRepository(strict, files);
  try {
    const main = await hosted.call<{ object: { sha: string } }>("GET", "/git/ref/heads/main");
    const own = await hosted.jobAt(files, { commit: main.object.sha });
    const inputs = { environment: "dev", "poll-interval": "1s", "reviewed-plan": "off" };
    await own.run("strategy", { operation: "apply" });
    await own.run("snapshot", { operation: "take", environment: "dev", kind: "outgoing" });
    await own.run("update-run", { operation: "run", ...inputs });
    for (const reason of ["lamps went dark", "still dark"]) {
      const back = await own.run("update-run", { operation: "roll-back", ...inputs, reason });
      expect(back).toMatchObject({
        exitCode: 1,
        outputs: { state: "Skipped", "failure-reason": "run-failed" },
      });
      expect(back.annotations.at(-1)?.message).toMatch(
        /4 node pools did not go back, first quay-1\/system.*blue-green/,
      );
    }
  } finally {
    await hosted.close();
    await strict.close();
  }
});
