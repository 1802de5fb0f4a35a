/**
 * Builds what ships: `dist/{functions,shared,cli,emulator}` by tsc, one bundle per action by esbuild.
 * `--lib` or `--actions` builds only that half; `--out FOLDER` puts the bundles there instead of dist/actions.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const { values } = parseArgs({
  options: {
    actions: { type: "boolean" },
    lib: { type: "boolean" },
    out: { type: "string", default: "dist/actions" },
  },
});
const everything = !values.actions && !values.lib;

/** See scripts/no-http-client.cjs. */
const noHttpClient = {
  name: "no-http-client",
  setup({ onResolve }) {
    const path = join(root, "scripts/no-http-client.cjs");
    onResolve({ filter: /^@actions\/http-client/ }, () => ({ path }));
  },
};

/**
 * MSAL does not say that it can be imported for nothing. Our one credential of @azure/identity in a bundle
 * (shared/azure/azure-cli-credential.ts) never calls it, and unused it would be 40 % of each bundle, parsed at every start.
 */
const msalOnlyIfUsed = {
  name: "msal-only-if-used",
  setup({ onResolve, resolve: find }) {
    onResolve({ filter: /^@azure\/msal-node$/ }, async ({ path, pluginData, ...from }) => {
      if (pluginData === "found") return undefined;
      const { path: file } = await find(path, { ...from, pluginData: "found" });
      return { path: file, sideEffects: false };
    });
  },
};

function actionNames() {
  return readdirSync(join(root, "actions")).filter((name) =>
    existsSync(join(root, "actions", name, "action.yml")),
  );
}

async function bundleActions() {
  await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(
      actionNames().map((name) => [name, join(root, "actions", name, "main.ts")]),
    ),
    outdir: resolve(root, values.out),
    outExtension: { ".js": ".cjs" },
    bundle: true,
    platform: "node",
    // Named imports of node:http load Node's own undici from ESM (+25 ms); require() does not.
    format: "cjs",
    // Production is Node 24; the oldest runtime that the tests use is 20.
    target: "node20",
    minify: true,
    legalComments: "external",
    // The SDKs ask `body instanceof FormData` for each request, which loads Node's own undici.
    define: { FormData: "undefined" },
    alias: {
      // Its build for Node is CommonJS, of which a bundle has to take all, each file in a function of its own.
      yaml: join(root, "node_modules/yaml/browser/index.js"),
      debug: join(root, "scripts/no-debug.cjs"),
    },
    plugins: [noHttpClient, msalOnlyIfUsed],
    logLevel: "warning",
  });
}

/** The Functions host loads everything in dist/functions: a deleted source must not live on there. */
function removeStale(folder) {
  if (!existsSync(join(root, "dist", folder))) return;
  for (const entry of readdirSync(join(root, "dist", folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) removeStale(path);
    else if (!existsSync(join(root, path.replace(/\.js$/, ".ts"))))
      rmSync(join(root, "dist", path));
  }
}

async function compile() {
  for (const folder of ["functions", "shared", "cli", "emulator", "bench"]) removeStale(folder);
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const child = spawn(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json")], {
    stdio: "inherit",
  });
  const code = await new Promise((done) => child.once("close", done));
  if (code !== 0) throw new Error(`tsc ended with ${code}`);
}

const parts = [];
if (everything || values.lib) parts.push(compile());
if (everything || values.actions) parts.push(bundleActions());
const failed = (await Promise.allSettled(parts)).filter(({ status }) => status === "rejected");
for (const { reason } of failed) console.error(reason.message);
if (failed.length > 0) process.exitCode = 1;
