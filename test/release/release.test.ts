import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../..");
const BUILT = join(root, "dist/actions");

let folder: string;
let clone: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fleetwright-release-"));
  clone = join(folder, "clone");
  await run("git", ["init", "--quiet", "--bare", join(folder, "remote.git")]);
  await run("git", ["init", "--quiet", "--initial-branch", "main", clone]);
  await git("remote", "add", "origin", join(folder, "remote.git"));
  for (const path of ["actions", "scripts", ".gitignore"]) {
    await cp(join(root, path), join(clone, path), { recursive: true });
  }
  await git("add", "--all");
  await git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "main");
  await git("push", "--quiet", "origin", "main");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function git(...args: string[]): Promise<string> {
  const { stdout } = await run("git", args, { cwd: clone });
  return stdout.trim();
}

/** Runs the release from main, as the workflow does. */
async function release(version: string): Promise<{ code: number; output: string }> {
  await git("checkout", "--quiet", "main");
  const script = ["scripts/release.sh", version, "origin"];
  return run("bash", script, { cwd: clone }).then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    (error: { code: number; stderr: string }) => ({ code: error.code, output: error.stderr }),
  );
}

test("a release holds every bundle at the path that its action.yml names; main holds none", async () => {
  const missing = await release("v1.0.0");
  expect(missing).toMatchObject({ code: 1, output: expect.stringContaining("is missing") });
  await cp(BUILT, join(clone, "dist/actions"), { recursive: true });
  expect(await release("v1.0.0")).toMatchObject({ code: 0 });
  await git("fetch", "--quiet", "--tags", "--force", "origin");
  const names = (await readdir(join(root, "actions"))).filter((name) => name !== "runner");
  for (const name of names) {
    const definition = await git("show", `v1:actions/${name}/action.yml`);
    expect(definition).toContain(`main: ../../dist/actions/${name}.cjs`);
    expect(await git("cat-file", "-t", `v1:dist/actions/${name}.cjs`)).toBe("blob");
  }
  expect(await git("ls-tree", "--name-only", "origin/main", "dist")).toBe("");
  expect(await git("show", "--no-patch", "--format=%b", "v1.0.0")).toBe(
    `Bundles of ${await git("rev-parse", "origin/main")}`,
  );
});

test("the major tag moves, a released version never does", async () => {
  await cp(BUILT, join(clone, "dist/actions"), { recursive: true });
  const before = await git("rev-parse", "v1.0.0");
  expect(await release("v1.0.0")).toMatchObject({
    code: 1,
    output: expect.stringContaining("never changes"),
  });
  await git("checkout", "--quiet", "main");
  await mkdir(join(clone, "docs"), { recursive: true });
  await writeFile(join(clone, "docs/news.md"), "news\n");
  await git("add", "docs");
  await git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "news");
  await cp(BUILT, join(clone, "dist/actions"), { recursive: true });
  expect(await release("v1.1.0")).toMatchObject({ code: 0 });
  const remote = await git("ls-remote", "--tags", "origin");
  expect(remote).toContain(`${before}\trefs/tags/v1.0.0`);
  const [moved] = /^(\w+)\trefs\/tags\/v1$/m.exec(remote)?.slice(1) ?? [];
  expect(remote).toContain(`${moved}\trefs/tags/v1.1.0`);
});

test.each(["1.0.0", "v1", "v1.0.0-rc.1", "v01.0.0", "v1.0.0 --force"])(
  "%s is no version",
  async (version) => {
    expect(await release(version)).toMatchObject({
      code: 1,
      output: expect.stringContaining("is not a version"),
    });
  },
);

test("a build gives the same bytes again, one file for each action, with no path of the machine", async () => {
  const again = join(folder, "again");
  await run(process.execPath, ["scripts/build.mjs", "--actions", "--out", again], { cwd: root });
  const bundles = (await readdir(BUILT)).filter((name) => name.endsWith(".cjs")).toSorted();
  expect((await readdir(again)).filter((name) => name.endsWith(".cjs")).toSorted()).toEqual(
    bundles,
  );
  expect(bundles).toEqual(
    (await readdir(join(root, "actions")))
      .filter((name) => name !== "runner")
      .map((name) => `${name}.cjs`)
      .toSorted(),
  );
  for (const name of bundles) {
    const bytes = await readFile(join(BUILT, name));
    expect(bytes.equals(await readFile(join(again, name)))).toBe(true);
    expect(bytes.includes(root)).toBe(false);
  }
});
