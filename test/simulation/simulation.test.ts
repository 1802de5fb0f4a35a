import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { build, type Plugin } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MANY_FAULTS, NO_FAULTS } from "./faults.ts";
import { MUTANTS, type Mutant } from "./mutants.ts";
import { simulate } from "./simulate.ts";

const SEEDS = 40;
/** A mutant that lives longer than this is not caught. */
const SEEDS_TO_CATCH_A_MUTANT = 120;
const PATIENCE = 180_000;

test(
  "whatever the schedule of faults, the end is that of the run without any",
  async () => {
    const { broken, end } = await simulate(1, NO_FAULTS);
    expect(broken).toEqual([]);
    for (let seed = 1; seed <= SEEDS; seed++) {
      const outcome = await simulate(seed, MANY_FAULTS);
      expect({ seed, broken: outcome.broken }).toEqual({ seed, broken: [] });
      expect(outcome.end).toMatchObject({ images: end.images, openIssues: end.openIssues });
    }
  },
  PATIENCE,
);

test(
  "the same seed is the same schedule",
  async () => {
    expect(await simulate(7, MANY_FAULTS)).toEqual(await simulate(7, MANY_FAULTS));
  },
  PATIENCE,
);

describe("a mistake in the product is noticed", () => {
  let folder: string;
  beforeAll(async () => {
    // Beside the sources, so that the bundle finds the packages.
    folder = await mkdtemp(resolve("node_modules", ".mutants-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    "%s",
    async (_name, mutant) => {
      const outfile = join(folder, "mutant.mjs");
      await build({
        entryPoints: [resolve("test/simulation/main.ts")],
        outfile,
        bundle: true,
        platform: "node",
        format: "esm",
        packages: "external",
        plugins: [mutation(mutant)],
      });
      const seeds = String(SEEDS_TO_CATCH_A_MUTANT);
      const run = spawnSync(process.execPath, [outfile, "--storm", "--seeds", seeds], {
        encoding: "utf8",
      });
      expect(run.stdout).toContain("breaks:");
      expect(run.status).toBe(1);
    },
    PATIENCE,
  );
});

function mutation({ file, find, replace }: Mutant): Plugin {
  return {
    name: "mutation",
    setup({ onLoad }) {
      onLoad({ filter: new RegExp(`${file.replaceAll(/[/.]/g, "\\$&")}$`) }, async ({ path }) => {
        const source = await readFile(path, "utf8");
        if (!source.includes(find)) throw new Error(`${file} no longer says ${find}`);
        return { contents: source.replace(find, replace), loader: "ts" };
      });
    },
  };
}
