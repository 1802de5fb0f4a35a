import { execFileSync, spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

import { filesBelow, functionNames } from "../support/files.ts";

const ROOT = resolve(".");
let app: string;
let shipped: readonly string[];

/** The folder that `azd package` uploads: what .funcignore leaves, and the dependencies without those of development. */
beforeAll(async () => {
  app = await mkdtemp(join(tmpdir(), "fleetwright-package-"));
  shipped = await notIgnored();
  for (const path of shipped) await cp(path, join(app, path));
  for (const path of productionDependencies()) {
    const place = join(app, path);
    await mkdir(dirname(place), { recursive: true });
    await symlink(join(ROOT, path), place);
  }
});
afterAll(() => rm(app, { recursive: true, force: true }));

/** .funcignore is written like .gitignore, so git itself reads it. */
async function notIgnored(): Promise<readonly string[]> {
  const paths = [
    ...execFileSync("git", ["ls-files"], { encoding: "utf8" }).split("\n").filter(Boolean),
    ...filesBelow("dist", /\.c?js$/),
  ];
  const judge = await mkdtemp(join(tmpdir(), "fleetwright-ignore-"));
  execFileSync("git", ["init", "-q", judge]);
  await writeFile(join(judge, ".gitignore"), await readFile(".funcignore", "utf8"));
  const asked = ["-C", judge, "check-ignore", "--no-index", "--stdin"];
  const ignored = execFileSync("git", asked, { input: paths.join("\n"), encoding: "utf8" });
  await rm(judge, { recursive: true, force: true });
  const left = new Set(ignored.split("\n"));
  return paths.filter((path) => !left.has(path));
}

function productionDependencies(): readonly string[] {
  const listed = execFileSync("npm", ["ls", "--omit=dev", "--all", "--parseable"], {
    encoding: "utf8",
  });
  return listed
    .split("\n")
    .map((path) => relative(ROOT, path))
    .filter((path) => /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path));
}

test("holds the functions and what they share, and nothing else of ours", () => {
  const folders = new Set(
    shipped.map((path) => (path.includes("/") ? path.split("/").slice(0, 2).join("/") : path)),
  );
  expect([...folders].toSorted()).toEqual(
    [
      "LICENSE",
      "dist/functions",
      "dist/shared",
      "host.json",
      "package-lock.json",
      "package.json",
    ].toSorted(),
  );
});

test("is hosted with the dependencies of production alone, and registers every function", async () => {
  const names = await registered();
  expect(names.toSorted()).toEqual(functionNames());
});

/** Links are not followed, so that a package finds only what stands in the package beside it. */
function registered(): Promise<readonly string[]> {
  const child = spawn(
    process.execPath,
    ["--preserve-symlinks", resolve("dist/cli/fleetwright.js"), "functions", "--app", app],
    { env: { PATH: process.env["PATH"] ?? "" } },
  );
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
  return new Promise((done, fail) => {
    child.once("close", (code) => fail(new Error(`the host ended with ${code}: ${complaints}`)));
    createInterface({ input: child.stdout }).once("line", (line) => {
      const { functions } = JSON.parse(line) as { functions: readonly { name: string }[] };
      child.removeAllListeners("close");
      child.once("close", () => done(functions.map(({ name }) => name)));
      child.kill("SIGTERM");
    });
  });
}

test("has the extension bundle of the fourth generation, and a main that is not bundled", async () => {
  const host = JSON.parse(await readFile(join(app, "host.json"), "utf8")) as {
    readonly extensionBundle: object;
    readonly version: string;
  };
  expect(host).toMatchObject({
    version: "2.0",
    extensionBundle: { id: "Microsoft.Azure.Functions.ExtensionBundle", version: "[4.0.0, 5.0.0)" },
  });
  const manifest = JSON.parse(await readFile(join(app, "package.json"), "utf8")) as {
    readonly main: string;
    readonly type: string;
  };
  expect(manifest).toMatchObject({ main: "dist/functions/*.js", type: "module" });
  // The library asks for the worker with require(): in an ESM bundle it registers nothing, and nobody is told.
  for (const name of functionNames()) {
    expect(await readFile(join(app, "dist", "functions", `${name}.js`), "utf8"), name).toMatch(
      /from "@azure\/functions"/,
    );
  }
});
