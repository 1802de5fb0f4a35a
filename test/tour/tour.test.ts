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
      expectPullRequests(report);
      expect(report.refused).toBe("not-reviewed");
      // The documentation's file, and the harbour's own before and after the edit.
      expect(
        report.strategies.map(({ name }) => name.replace(/-[0-9a-f]{8}$/, "")).toSorted(),
      ).toEqual(["example-stages", "harbour", "harbour"]);
      expect(report.events.delivered).toBeGreaterThanOrEqual(report.events.published);
      expect(report.azureCalls.total).toBeGreaterThan(0);
      const text = await read("report.md");
      expect(text).toContain("everything as promised");
      expect(text).toMatch(/approved .* by the functions \(identity reactor\)/);
      const picture = await read("timeline.svg");
      for (const kind of ["surge", "drain", "reimage", "quarantine", "wait", "gate"]) {
        expect(picture).toContain(`<rect class="${kind}"`);
      }
      expectStory(stdout, await read("tour.log"));
    } finally {
      await rm(output, { recursive: true, force: true });
    }
  },
  PATIENCE,
);

/** Three screens of a terminal. */
const MAX_LINES = 3 * 55;

/** The whole story on three screens; what is left out of it stands in the log. */
function expectStory(stdout: string, log: string): void {
  const lines = stdout.trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(MAX_LINES);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(120);
  expect(lines.filter((line) => /^\d+\. /.test(line))).toHaveLength(10);
  expect(stdout).toContain("issue #");
  const unbroken = stdout.replaceAll(/\n {3}\| {3}/g, " ");
  expect(unbroken.match(/Too Many Requests/g)).toHaveLength(1);
  expect(log.match(/Too Many Requests/g)?.length).toBeGreaterThan(1);
  expect(log).toContain("/snapshots/outgoing-rotterdam-apps-");
}

/** Image to dev, then by promotion to prod; an edited strategy, then its promotion. */
function expectPullRequests({ pullRequests }: Report): void {
  const changes = pullRequests
    .toSorted((a, b) => a.number - b.number)
    .map(({ state, changes: files }) => [
      state,
      files.map(({ file, patch }) => [file, added(patch)]),
    ]);
  expect(changes).toEqual([
    [
      "merged",
      [["releases/dev.yaml", ["  generation: 2", "    AKSUbuntu-2204gen2containerd: 202607.09.0"]]],
    ],
    [
      "merged",
      [
        [
          "releases/prod.yaml",
          [
            "  generation: 2",
            expect.stringMatching(/^ {4}digest: "sha256:/),
            "    AKSUbuntu-2204gen2containerd: 202607.09.0",
            "  from: { environment: dev, generation: 2 }",
          ],
        ],
      ],
    ],
    ["merged", [["strategies/harbour.yaml", ["      afterStageWaitInSeconds: 1800"]]]],
    [
      "merged",
      [["releases/prod.yaml", ["  generation: 3", expect.stringMatching(/^ {4}digest: "sha256:/)]]],
    ],
  ]);
}

function added(patch: string): readonly string[] {
  return patch.split("\n").flatMap((line) => (line.startsWith("+") ? [line.slice(1)] : []));
}

/** Every pool of eleven clusters was captured before the run, and after it was proved. */
function expectSnapshots({ snapshots }: Report): void {
  for (const [kind, image] of [
    ["outgoing", "202606.16.0"],
    ["proven", "202607.09.0"],
  ] as const) {
    const taken = snapshots.filter((snapshot) => snapshot.kind === kind);
    expect(taken).toHaveLength(22);
    expect(new Set(taken.map(({ sourcePool }) => sourcePool.toLowerCase())).size).toBe(22);
    expect(taken.every(({ nodeImageVersion }) => nodeImageVersion.endsWith(image))).toBe(true);
  }
}

/** Stage 2 began only when the gate was approved and the 3,600 seconds were over. */
function expectRun({ runs }: Report): void {
  expect(runs).toMatchObject([
    { environment: "dev", state: "Completed", attempts: 1 },
    { environment: "prod", state: "Completed", attempts: 2 },
    { environment: "prod", state: "Skipped", attempts: 1 },
  ]);
  const staged = runs[1];
  const [first, second] = staged?.stages ?? [];
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
  const members = staged?.stages.flatMap(({ groups }) => groups.flatMap((group) => group.members));
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
