import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { build, type Plugin } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MUTANTS, type Mutant } from "./mutants.ts";

/** Most are caught by the first seeds; one that lives longer than this is not caught. */
const SEEDS_TO_CATCH_A_MUTANT = 600;
const PATIENCE = 240_000;

let folder: string;
beforeAll(async () => {
  // Beside the sources, so that the bundle finds the packages.
  folder = await mkdtemp(resolve("node_modules", ".mutants-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("there are at least twenty, each with a name of its own", () => {
  expect(MUTANTS.length).toBeGreaterThanOrEqual(20);
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
});

test.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
  "the mistake is noticed: %s",
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
    const args = [outfile, "--seeds", String(SEEDS_TO_CATCH_A_MUTANT)];
    const run = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(run.stdout).toContain("breaks:");
    expect(run.status).toBe(1);
  },
  PATIENCE,
);

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
