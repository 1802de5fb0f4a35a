import { join } from "node:path";
import { expect, test } from "vitest";
import { runBundled } from "../azure/bundled-process.ts";
import { startConnectProxy } from "../support/connect-proxy.ts";
import { startTestEmulator } from "../support/emulator.ts";

const FIREWALL = join(import.meta.dirname, "../fixtures/only-proxy.cjs");

/** Reads, writes, and reads what is not there. */
const PROGRAM = `
  import { createGitHubClient } from "./shared/github/client.ts";
  const client = createGitHubClient(process.env, { token: process.env.TOKEN, throttle: false });
  const place = { owner: "octo-org", repo: "harbour" };
  (async () => {
    const made = await client.request("POST /repos/{owner}/{repo}/issues", { ...place, title: "Höhe" });
    const { number } = made.data;
    const read = await client.request("GET /repos/{owner}/{repo}/issues/{number}", { ...place, number });
    const none = await client.request("GET /repos/{owner}/nope", place).catch(({ status }) => status);
    console.log(JSON.stringify([made.status, read.data.title, none]));
  })();`;

test("GitHub is reached through a proxy, also a GitHub Enterprise Server", async () => {
  const emulator = await startTestEmulator();
  const proxy = await startConnectProxy();
  try {
    await emulator.control("POST", "/github/repositories", {
      owner: "octo-org",
      name: "harbour",
      files: { "README.md": "# Harbour" },
    });
    const { token } = (await emulator.control("POST", "/github/tokens", {
      login: "fleetwright[bot]",
      permissions: { issues: "write", contents: "read" },
    })) as { token: string };
    const env = {
      NODE_OPTIONS: `--require=${FIREWALL}`,
      ONLY_PORT: String(proxy.port),
      GITHUB_API_URL: emulator.ready.github,
      HTTPS_PROXY: proxy.url,
      TOKEN: token,
    };
    expect(JSON.parse(await runBundled(PROGRAM, { ca: emulator.ca, env }))).toEqual([
      201,
      "Höhe",
      404,
    ]);
    expect(proxy.asked).toContain(new URL(emulator.ready.github).host);
  } finally {
    await proxy.close();
    await emulator.close();
  }
});
