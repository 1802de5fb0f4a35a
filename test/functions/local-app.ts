import { connect, type App } from "../../functions/host/compose.ts";
import { readSettings } from "../../functions/host/settings.ts";
import type { Scenario } from "../../emulator/scenario.ts";
import type { Logger } from "../../shared/core/logger.ts";
import { trustingFetch } from "../emulator/github-server.ts";
import { startTestEmulator, type TestEmulator } from "../support/emulator.ts";
import { memoryStateStore } from "../support/memory-state-store.ts";

export const OWNER = "harbourworks";
export const REPO = "harbour";

/** One line of the log. */
export interface Told {
  readonly level: "info" | "warn" | "error";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The functions' own ports against an emulator in this process; its clock moves by hand. */
export interface LocalApp {
  readonly app: App;
  /** The same ports with another principal's rights. */
  as(principal: string): App;
  readonly azure: TestEmulator;
  readonly told: readonly Told[];
  advance(duration: string): Promise<void>;
  /** A call to the repository's API as a maintainer: `/issues?state=all`. */
  github<T>(method: string, path: string, body?: unknown): Promise<T>;
  close(): Promise<void>;
}

export interface LocalAppOptions {
  readonly scenario: Scenario;
  readonly files: Readonly<Record<string, string>>;
  /** Settings beside those of the cloud. */
  readonly settings?: (azure: TestEmulator) => Promise<Readonly<Record<string, string>>>;
  /** Whose rights the functions have; the subscription's owner unless named. */
  readonly principal?: string;
}

const PERMISSIONS = {
  contents: "write",
  pull_requests: "write",
  issues: "write",
  checks: "write",
  statuses: "write",
  actions: "write",
} as const;

export async function startLocalApp(options: LocalAppOptions): Promise<LocalApp> {
  const azure = await startTestEmulator({ scenario: options.scenario, clock: "manual" });
  const fetching = trustingFetch(azure.ca);
  const control = (path: string, body: unknown) => azure.control("POST", `/github/${path}`, body);
  await control("repositories", { owner: OWNER, name: REPO, files: options.files });
  const tokenOf = async (login: string): Promise<string> =>
    ((await control("tokens", { login, permissions: PERMISSIONS })) as { token: string }).token;
  const env = {
    AZURE_RESOURCE_MANAGER_ENDPOINT: azure.ready.arm,
    GITHUB_API_URL: azure.ready.github,
    FLEETWRIGHT_REPOSITORY: `${OWNER}/${REPO}`,
    FLEETWRIGHT_TOPIC_ENDPOINT: `${azure.ready.arm}/topics/fleetwright/api/events`,
    FLEETWRIGHT_GITHUB_TOKEN: await tokenOf("fleetwright[bot]"),
    ...(await options.settings?.(azure)),
  };
  const told: Told[] = [];
  const store = memoryStateStore();
  const connectAs = (principal: string) => {
    const credential = {
      getToken: async (scopes: string | readonly string[]) => {
        const audience = String(scopes).replace(/\/\.default$/, "");
        const token = azure.token(principal, audience);
        return { token, expiresOnTimestamp: Date.now() + 3_000_000 };
      },
    };
    const wires = { credential, ca: azure.ca, fetch: fetching, store };
    return { ...connect(readSettings(env), wires), logger: collecting(told) };
  };
  const maintainer = await tokenOf("harbour-master");
  return {
    app: connectAs(options.principal ?? "owner"),
    as: connectAs,
    azure,
    told,
    async advance(duration) {
      await azure.control("POST", "/clock", { advance: duration });
    },
    async github<T>(method: string, path: string, body?: unknown) {
      const reply = await fetching(`${azure.ready.github}/repos/${OWNER}/${REPO}${path}`, {
        method,
        headers: { authorization: `Bearer ${maintainer}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await reply.text();
      if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${text}`);
      return (text === "" ? undefined : JSON.parse(text)) as T;
    },
    close: () => azure.close(),
  };
}

function collecting(told: Told[]): Logger {
  const tell =
    (level: Told["level"]) =>
    (message: string, fields: Told["fields"] = {}): void =>
      void told.push({ level, message, fields });
  return { info: tell("info"), warn: tell("warn"), error: tell("error") };
}
