import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Line } from "../../bench/report.ts";
import { findSimPy, SIMPY_ABSENT, writeModel } from "../../bench/simpy.ts";
import { traceApart, traceRun } from "../../bench/trace.ts";

const COMMAND = "dist/bench/main.js";
const SHAPE = { clusters: 300, pools: 2, nodes: 5, pods: 0 };
const simpy = findSimPy();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fleetwright-bench-test-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test.skipIf(simpy === undefined).each([
  { name: "each cluster alone", trace: traceApart },
  { name: "all in the stages of one run", trace: traceRun },
])(
  `SimPy comes to the same totals, $name (${simpy ? "found" : SIMPY_ABSENT})`,
  async ({ trace }) => {
    const { model, totals } = trace(SHAPE);
    expect(totals.nodes).toBe(SHAPE.clusters * SHAPE.pools * SHAPE.nodes);
    expect(simpy?.run(await writeModel(folder, model)).totals).toEqual(totals);
  },
);

function bench(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [COMMAND, ...args], { encoding: "utf8" });
}

/** All rows, one after the other, on a machine that may have other work. */
const ALL_ROWS_MILLISECONDS = 240_000;

test(
  "every row prints lines of JSON that say what was measured beside what",
  { timeout: ALL_ROWS_MILLISECONDS },
  () => {
    const { status, stdout, stderr } = bench("--json", "--tiny");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Line);
    const rows = new Set(lines.map(({ row }) => row));
    expect([...rows]).toEqual([
      "pools",
      "fleet",
      "rehearsal",
      "growth",
      "emulator-requests",
      "emulator-idle",
      "emulator-start",
      "action-start",
      "action-lint",
      "action-bytes",
      "azure-cli",
    ]);
    for (const line of lines) {
      if ("absent" in line) {
        expect(line.absent).toMatch(/SimPy is not installed|Azure CLI is not installed|no \/proc/);
        continue;
      }
      const { ours, beside, ratio, low, high, pairs } = line;
      expect([ours, beside.value, ratio, low, high].every(Number.isFinite), line.measure).toBe(
        true,
      );
      expect(low <= ratio && ratio <= high && pairs >= 1, line.measure).toBe(true);
    }
  },
);

test("without --json it prints a table, and only the rows that were asked for", () => {
  const { status, stdout } = bench("--tiny", "growth");
  expect(status).toBe(0);
  expect(stdout).toMatch(/^\| Row {4}\| Measure .*\n\|-+\|.*\n\| growth \| 50 clusters/);
});

test("a row that does not exist is refused with the names of those that do", () => {
  const { status, stderr } = bench("speed");
  expect(status).toBe(2);
  expect(stderr).toContain("no row speed; rows: pools, fleet");
});

test("an option that does not exist is refused with what there is", () => {
  const { status, stderr } = bench("--fast");
  expect(status).toBe(2);
  expect(stderr).toMatch(/^Unknown option '--fast'.*\n\nnpm run bench -- \[--json\]/);
  expect(bench("--help")).toMatchObject({ status: 0, stderr: "" });
});
