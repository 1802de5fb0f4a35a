import { spawn } from "node:child_process";
import { resolve } from "node:path";
import type { TestEmulator } from "../support/emulator.ts";

const CLI = resolve("dist/cli/fleetwright.js");

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  /** Whose cloud; without one no Azure can be reached. */
  readonly azure?: TestEmulator;
  /** Client id of a principal of the scenario; the owner of the subscription when absent. */
  readonly clientId?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** `fleetwright …` as a process, in surroundings that hold nothing of the developer's own. */
export function fleetwright(args: readonly string[], where: Surroundings = {}): Promise<Ended> {
  const env = { PATH: process.env["PATH"] ?? "", ...cloud(where), ...where.env };
  const child = spawn(process.execPath, [CLI, ...args], { env });
  const told = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].on("data", (chunk: Buffer) => (told[name] += chunk.toString()));
  }
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", (code) => done({ code, ...told }));
  });
}

function cloud({ azure, clientId }: Surroundings): Record<string, string> {
  if (azure === undefined) return {};
  const { arm, authority, ca, msi } = azure.ready;
  return {
    AZURE_RESOURCE_MANAGER_ENDPOINT: arm,
    AZURE_AUTHORITY_HOST: new URL(authority).origin,
    NODE_EXTRA_CA_CERTS: ca,
    IDENTITY_ENDPOINT: msi,
    IDENTITY_HEADER: "test",
    GITHUB_API_URL: azure.ready.github,
    ...(clientId === undefined ? {} : { AZURE_CLIENT_ID: clientId }),
  };
}
