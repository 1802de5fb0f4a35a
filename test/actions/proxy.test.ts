import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { startConnectProxy } from "../support/connect-proxy.ts";
import type { ConnectProxy } from "../support/connect-proxy.ts";
import { startTestEmulator } from "../support/emulator.ts";
import type { TestEmulator } from "../support/emulator.ts";
import { createJob } from "../support/job.ts";
import { CLUSTERS, OPERATOR, scenario, SUBJECT } from "./quay.ts";

const FIREWALL = join(import.meta.dirname, "../fixtures/only-proxy.cjs");

let emulator: TestEmulator;
let proxy: ConnectProxy;
beforeAll(async () => {
  emulator = await startTestEmulator({ scenario, clock: 5_000 });
});
afterEach(() => proxy.close());
afterAll(() => emulator.close());

/** Reads ARM and the cluster's Kubernetes API, after signing in: all roads that an action takes. */
async function look(env: Readonly<Record<string, string>>) {
  const job = await createJob({
    files: {},
    azure: emulator,
    clientId: OPERATOR,
    subject: SUBJECT,
    env,
  });
  const result = await job.run("blue-green", {
    operation: "status",
    "cluster-id": `${CLUSTERS}/quay-1`,
    "node-pool": "app",
  });
  await job.close();
  return result;
}
const behindFirewall = () => ({
  NODE_OPTIONS: `--require=${FIREWALL}`,
  ONLY_PORT: String(proxy.port),
});

test.each(["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])(
  "%s: sign-in, ARM and Kubernetes all go through the proxy",
  async (name) => {
    proxy = await startConnectProxy();
    const result = await look({ ...behindFirewall(), [name]: proxy.url });
    expect(result).toMatchObject({ exitCode: 0, outputs: { "blue-nodes": "2" } });
    expect(new Set(proxy.asked)).toEqual(new Set([new URL(emulator.ready.arm).host]));
    expect(result.log).not.toContain("p%40ss");
  },
);

test.each(["127.0.0.1", "localhost, 127.0.0.1", "*", "HOST:PORT"])(
  "NO_PROXY %s: nothing goes through the proxy",
  async (entry) => {
    proxy = await startConnectProxy();
    const noProxy = entry.replace("HOST:PORT", new URL(emulator.ready.arm).host);
    const result = await look({ HTTPS_PROXY: proxy.url, NO_PROXY: noProxy });
    expect(result).toMatchObject({ exitCode: 0, outputs: { "blue-nodes": "2" } });
    expect(proxy.asked).toEqual([]);
  },
);

test("a proxy that refuses is named, and not taken for Azure", async () => {
  proxy = await startConnectProxy({ refuses: 403 });
  const { exitCode, outputs, annotations } = await look({ HTTPS_PROXY: proxy.url });
  expect([exitCode, outputs["failure-reason"]]).toEqual([1, "unreachable"]);
  expect(annotations.at(-1)?.message).toMatch(/the proxy 127\.0\.0\.1:\d+ answered 403.*NO_PROXY/);
});

test("a wrong password is told as such, without the password", async () => {
  proxy = await startConnectProxy();
  const wrong = proxy.url.replace("harbour:", "harbour:wr0ng");
  const { outputs, annotations, log } = await look({ HTTPS_PROXY: wrong });
  expect(outputs["failure-reason"]).toBe("unreachable");
  expect(annotations.at(-1)?.message).toMatch(/answered 407/);
  expect(log).not.toContain("wr0ng");
});

test("what is no proxy's url is refused before anything is sent", async () => {
  proxy = await startConnectProxy();
  const { outputs, annotations } = await look({ HTTPS_PROXY: "socks5://harbour:s3cret@localhost" });
  expect(outputs["failure-reason"]).toBe("invalid-input");
  expect(annotations.at(-1)?.message).toMatch(/HTTPS_PROXY is not the url of a proxy/);
  expect(annotations.at(-1)?.message).not.toContain("s3cret");
});
