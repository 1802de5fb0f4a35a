import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { Report } from "../../cli/tour/report.ts";

const run = promisify(execFile);
const CLI = resolve("dist/cli/fleetwright.js");

// One process that starts three more, on a machine that other tests share.
const PATIENCE = 240_000;

test(
  "the tour shows the main job: proposed, reviewed, staged, held up, repaired, proved",
  async () => {
    const output = await mkdtemp(join(tmpdir(), "fleetwright-tour-test-"));
    try {
      const { stdout } = await run(process.execPath, [CLI, "tour", "--output", output], {
        maxBuffer: 16 * 1024 * 1024,
      });
      const read = (name: string): Promise<string> => readFile(join(output, name), "utf8");
      const report = JSON.parse(await read("report.json")) as Report;
      expect(report).toMatchObject({ ok: true, problems: [] });
      expectSnapshots(report);
      expectRun(report);
      expectQuarantine(report);
      expect(report.pullRequests).toMatchObject([
        { state: "merged", changes: [{ file: "releases/prod.yaml" }] },
      ]);
      expect(report.strategies.map(({ stages }) => stages)).toEqual([
        ["stage1", "stage2"],
        ["stage1", "stage2"],
      ]);
      expect(report.events.delivered).toBeGreaterThanOrEqual(report.events.published);
      expect(report.azureCalls.total).toBeGreaterThan(0);
      expect(await read("report.md")).toContain("everything as promised");
      const picture = await read("timeline.svg");
      for (const kind of ["surge", "drain", "reimage", "quarantine", "wait", "gate"]) {
        expect(picture).toContain(`<rect class="${kind}"`);
      }
      expect(stdout).toContain("issue #");
    } finally {
      await rm(output, { recursive: true, force: true });
    }
  },
  PATIENCE,
);

/** Every pool of nine clusters was captured before the run, and after it was proved. */
function expectSnapshots({ snapshots }: Report): void {
  for (const [kind, image] of [
    ["outgoing", "202606.16.0"],
    ["proven", "202607.09.0"],
  ] as const) {
    const taken = snapshots.filter((snapshot) => snapshot.kind === kind);
    expect(taken).toHaveLength(18);
    expect(new Set(taken.map(({ sourcePool }) => sourcePool.toLowerCase())).size).toBe(18);
    expect(taken.every(({ nodeImageVersion }) => nodeImageVersion.endsWith(image))).toBe(true);
  }
}

/** Stage 2 began only when the gate was approved and the 3,600 seconds were over. */
function expectRun({ runs }: Report): void {
  expect(runs).toMatchObject([{ state: "Completed", attempts: 2 }]);
  const [first, second] = runs[0]?.stages ?? [];
  const begun = Date.parse(second?.startTime ?? "");
  const approved = Date.parse(first?.gates[0]?.approvedAt ?? "");
  const waited = Date.parse(first?.waitedUntil ?? "");
  const lastMember = Math.max(...upgradesEnd(first));
  expect(begun).toBeGreaterThanOrEqual(approved);
  expect(begun).toBeGreaterThanOrEqual(waited);
  expect(waited - lastMember).toBeGreaterThanOrEqual(3_600_000);
  expect(first?.gates).toMatchObject([
    { displayName: "fleetwright: verified", state: "Completed", approvedBy: "reactor" },
  ]);
  const members = runs[0]?.stages.flatMap(({ groups }) => groups.flatMap((group) => group.members));
  expect(members).toHaveLength(9);
  for (const member of members ?? []) {
    expect(member).toMatchObject({ state: "Completed", nodesUpgraded: 7 });
  }
}

function upgradesEnd(stage: Report["runs"][number]["stages"][number] | undefined): number[] {
  return (stage?.groups ?? []).flatMap(({ members }) =>
    members.map(({ completedTime }) => Date.parse(completedTime ?? "")),
  );
}

function expectQuarantine({ quarantined }: Report): void {
  expect(quarantined).toHaveLength(1);
  expect(quarantined[0]).toMatchObject({
    cluster: "rotterdam",
    nodePool: "apps",
    pdb: "harbour/tide-forecast",
    issue: { state: "closed" },
  });
  expect(quarantined[0]?.resolvedAt).toBeDefined();
}
