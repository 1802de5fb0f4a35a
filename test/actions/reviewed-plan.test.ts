import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import { FAMILY, files, FLEET, NEW, OLD, release, scenario } from "./harbour.ts";
import { hostRepository } from "./hosted-repository.ts";
import type { HostedRepository } from "./hosted-repository.ts";

let emulator: TestEmulator;
let repository: HostedRepository;
let main: string;

beforeAll(async () => {
  emulator = await startTestEmulator({ scenario, clock: 5_000 });
  // At the addresses of GitHub Enterprise Server; the other tests are on github.com's.
  repository = await hostRepository(emulator, files, { api: "/api/v3" });
  main = (await repository.call<{ object: { sha: string } }>("GET", "/git/ref/heads/main")).object
    .sha;
  const job = await repository.jobAt(files, { commit: main });
  await job.run("strategy", { operation: "apply" });
});
afterAll(async () => {
  await repository.close();
  await emulator.close();
});

const dev = { environment: "dev", "poll-interval": "1s" };

async function runWrites(): Promise<readonly string[]> {
  const { entries } = (await emulator.control("GET", "/audit")) as {
    entries: readonly { operation: string; write: boolean }[];
  };
  return entries
    .filter(({ operation, write }) => write && operation.includes("updateRuns"))
    .map(({ operation }) => operation);
}

/** A pull request with a new generation, whose checks keep its plan; then it is merged. */
async function reviewed(generation: number, method: "squash" | "merge" = "squash") {
  const changed = { ...files, "releases/dev.yaml": release(generation, NEW) };
  const pull = await repository.propose(`generation-${generation}`, {
    "releases/dev.yaml": changed["releases/dev.yaml"],
  });
  const review = await repository.jobAt(changed, { commit: pull.head, reviewing: pull.head });
  const planned = await review.run("update-run", { operation: "preflight", ...dev });
  return {
    planned,
    head: pull.head,
    job: await repository.jobAt(changed, { commit: await pull.merge(method) }),
  };
}

test("a run that nobody reviewed is refused before anything is written", async () => {
  const job = await repository.jobAt(files, { commit: main });
  const refused = await job.run("update-run", { operation: "run", ...dev });
  expect([refused.exitCode, refused.outputs["failure-reason"]]).toEqual([1, "not-reviewed"]);
  expect(refused.annotations.at(-1)?.message).toMatch(/no merged pull request.*preflight/);
  expect(await runWrites()).toEqual([]);
});

test("the plan of a pull request is a check of its head, with what speaks against the run", async () => {
  const { planned, head, job } = await reviewed(2);
  expect(planned).toMatchObject({
    exitCode: 0,
    outputs: {
      "run-name": expect.stringMatching(/^dev-2-/),
      "plan-hash": expect.stringMatching(/^[0-9a-f]{64}$/),
      verdict: "warn",
      changed: "false",
    },
  });
  expect(planned.summary).toMatch(
    /\| warn \| pool-on-schedule \| quay-1: node pools system, app are on Schedule/,
  );
  expect(planned.annotations[0]).toMatchObject({ kind: "warning", file: "releases/dev.yaml" });
  const { check_runs } = await repository.call<{
    check_runs: readonly { name: string; conclusion: string }[];
  }>("GET", `/commits/${head}/check-runs`);
  expect(check_runs).toMatchObject([{ name: "fleetwright plan: dev", conclusion: "success" }]);
  expect(await runWrites()).toEqual([]);

  const created = await job.run("update-run", { operation: "create", ...dev });
  expect(created).toMatchObject({ exitCode: 0, outputs: { changed: "true", state: "NotStarted" } });

  // A later commit of something else changes nothing about what was reviewed.
  const other = await repository.propose("readme", {
    "strategies/canary.yaml": `${files["strategies/canary.yaml"]}\n`,
  });
  const later = await repository.jobAt(
    { ...files, "releases/dev.yaml": release(2, NEW) },
    { commit: await other.merge() },
  );
  const again = await later.run("update-run", { operation: "create", ...dev });
  expect(again).toMatchObject({ exitCode: 0, outputs: { changed: "false" } });
});

test("a held run is not started until it is released", async () => {
  const job = await repository.jobAt(
    { ...files, "releases/dev.yaml": release(2, NEW) },
    { commit: main, actor: "bob" },
  );
  const vague = await job.run("update-run", { operation: "hold", ...dev });
  expect(vague.outputs["failure-reason"]).toBe("invalid-input");
  const held = await job.run("update-run", { operation: "hold", ...dev, reason: "a storm comes" });
  expect(held).toMatchObject({ exitCode: 0, outputs: { changed: "true" } });
  const twice = await job.run("update-run", { operation: "hold", ...dev, reason: "again" });
  expect(twice).toMatchObject({ exitCode: 0, outputs: { changed: "false" } });
  const start = { operation: "start", ...dev, "reviewed-plan": "off" };
  const refused = await job.run("update-run", start);
  expect(refused.outputs["failure-reason"]).toBe("held");
  expect(refused.annotations.at(-1)?.message).toMatch(
    /held by bob since .*: a storm comes.*resume/,
  );
  const released = await job.run("update-run", { operation: "resume", ...dev });
  expect(released).toMatchObject({
    exitCode: 0,
    outputs: { changed: "true", state: "NotStarted" },
  });
});

test("a member that moved after the review blocks the run, and the difference is told", async () => {
  const { job } = await reviewed(3, "merge");
  const before = await runWrites();
  await emulator.fleet.fleetMembers.updateAsync("harbour", "harbour", "quay-2", {
    properties: { group: "canary" },
  });
  const refused = await job.run("update-run", { operation: "run", ...dev });
  expect([refused.exitCode, refused.outputs["failure-reason"]]).toEqual([1, "plan-changed"]);
  expect(refused.annotations.at(-1)?.message).toMatch(
    /not what was reviewed: member quay-2 moved from group blue to canary/,
  );
  expect(await runWrites()).toEqual(before);
  await emulator.fleet.fleetMembers.updateAsync("harbour", "harbour", "quay-2", {
    properties: { group: "blue" },
  });
});

test("a run that somebody changed in Fleet after it was created is not started", async () => {
  const { job } = await reviewed(4);
  const created = await job.run("update-run", { operation: "create", ...dev });
  expect(created.exitCode).toBe(0);
  const path = `${FLEET}/updateRuns/${created.outputs["run-name"]}?api-version=2026-06-01`;
  const stored = (await emulator.call(path)).json as {
    properties: { managedClusterUpdate: { nodeImageSelection: object } };
  };
  stored.properties.managedClusterUpdate.nodeImageSelection = {
    type: "Custom",
    customNodeImageVersions: [{ version: `${FAMILY}-${OLD}` }],
  };
  await emulator.call(path, { method: "PUT", body: stored });
  const refused = await job.run("update-run", { operation: "start", ...dev });
  expect([refused.exitCode, refused.outputs["failure-reason"]]).toEqual([1, "plan-changed"]);
  expect(refused.annotations.at(-1)?.message).toContain(OLD);
  expect((await runWrites()).filter((operation) => operation.includes("start"))).toEqual([]);
});

test("what was reviewed is started, also without a member that has left", async () => {
  const { planned, job } = await reviewed(5);
  // The runs before have brought nobody there.
  expect(planned.summary).not.toContain("at-target");
  await emulator.fleet.fleetMembers.delete("harbour", "harbour", "quay-2", emulator.polling);
  const ran = await job.run("update-run", { operation: "run", ...dev });
  expect(ran).toMatchObject({ exitCode: 0, outputs: { state: "Completed", changed: "true" } });
  expect(ran.log).toContain(
    "as reviewed, except: member quay-2 has left the fleet since the review",
  );
  expect(ran.summary).toContain("As reviewed, except: member quay-2 has left the fleet");

  const next = await reviewed(6);
  expect(next.planned.summary).toMatch(
    /\| note \| at-target \| at the target already: quay-1 \| nothing/,
  );
  const created = await next.job.run("update-run", { operation: "create", ...dev });
  expect(created).toMatchObject({ exitCode: 0, outputs: { changed: "true" } });
  expect(created.summary).toContain("As reviewed, except: at the target already: quay-1.");
});

test("a job of an older commit that is run again brings back nothing that was reviewed before", async () => {
  const old = await repository.jobAt(
    { ...files, "releases/dev.yaml": release(2, NEW) },
    { commit: main },
  );
  const before = await runWrites();
  const refused = await old.run("update-run", { operation: "run", ...dev, "reviewed-plan": "off" });
  expect([refused.exitCode, refused.outputs["failure-reason"]]).toEqual([1, "preflight-failed"]);
  expect(refused.annotations.at(-1)?.message).toMatch(
    /update run dev-2-\w+ was overtaken: dev-6-\w+ of a newer generation is NotStarted.*newest commit/,
  );
  expect(await runWrites()).toEqual(before);
});
