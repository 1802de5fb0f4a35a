import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { folderSource, readDeclarations } from "../../shared/declaration/load.ts";
import { isDeclarationPath } from "../../shared/declaration/places.ts";
import { REPOSITORY } from "./sample.ts";

let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "declarations-"));
});

afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

describe("a checked-out repository", () => {
  it("is read in the conventional places, in the order of paths", async () => {
    for (const { path, text } of REPOSITORY) write(path, text);
    write("strategies/teams/a.yml", "a");
    write("strategies/stages.json", "{}");
    write("strategies/README.md", "no");
    write("README.md", "no");
    write("other/x.yaml", "no");
    const files = await folderSource(root).read();
    expect(files.map(({ path }) => path)).toEqual([
      "fleetwright.yaml",
      "releases/dev.json",
      "releases/prod.yaml",
      "strategies/canary-first.yaml",
      "strategies/stages.json",
      "strategies/teams/a.yml",
    ]);
    expect(files[0]?.text).toBe(REPOSITORY[0]?.text);
  });

  it("may declare nothing", async () => {
    expect(await readDeclarations(root)).toEqual([]);
  });

  it("must be there", async () => {
    await expect(readDeclarations(join(root, "absent"))).rejects.toMatchObject({
      code: "not-found",
      subject: join(root, "absent"),
    });
  });

  it("does not lead out of itself by links", async () => {
    write("outside/secret.yaml", "secret");
    mkdirSync(join(root, "inside/strategies"), { recursive: true });
    symlinkSync(join(root, "outside/secret.yaml"), join(root, "inside/strategies/link.yaml"));
    symlinkSync(join(root, "outside"), join(root, "inside/releases"));
    symlinkSync(join(root, "outside/secret.yaml"), join(root, "inside/fleetwright.yaml"));
    expect(await readDeclarations(join(root, "inside"))).toEqual([]);
  });

  it("has a bound on the size of a file", async () => {
    write("fleetwright.yaml", "");
    truncateSync(join(root, "fleetwright.yaml"), 5_000_000);
    await expect(readDeclarations(root)).rejects.toMatchObject({
      code: "invalid-declaration",
      subject: "fleetwright.yaml",
    });
  });

  it("has a bound on the depth of folders and on the number of files", async () => {
    write(`strategies/${"d/".repeat(8)}a.yaml`, "a");
    await expect(readDeclarations(root)).rejects.toMatchObject({ code: "invalid-declaration" });
    rmSync(join(root, "strategies"), { recursive: true });
    for (let n = 0; n < 1_001; n++) write(`releases/${n % 2}/${n}.yaml`, "");
    await expect(readDeclarations(root)).rejects.toMatchObject({ code: "invalid-declaration" });
  });
});

it.each([
  ["fleetwright.yaml", true],
  ["fleetwright.json", true],
  ["strategies/a.yaml", true],
  ["releases/eu/prod.yml", true],
  ["strategies/example-stages.json", true],
  ["strategies", false],
  ["strategies/README.md", false],
  ["docs/fleetwright.yaml", false],
  ["docs/strategies/a.yaml", false],
  [".github/workflows/upgrade.yml", false],
])("%s is a place of declared files: %s", (path, expected) => {
  expect(isDeclarationPath(path)).toBe(expected);
});
