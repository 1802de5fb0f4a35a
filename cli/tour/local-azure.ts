import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PACKAGE_ROOT } from "../package-root.ts";
import { startAzurite, type StorageEndpoints } from "./azurite.ts";
import { startChild, type Child } from "./child.ts";
import { createWire, type Wire } from "./wire.ts";

/** The line that `fleetwright emulator` prints when it listens. */
export interface EmulatorReady {
  readonly arm: string;
  readonly authority: string;
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  readonly msi: string;
  readonly subscription: string;
  readonly tenant: string;
  readonly control: string;
  readonly github: string;
}

/** The line that `fleetwright functions` prints when it listens. */
export interface FunctionsReady {
  readonly url: string;
  readonly functions: readonly { readonly name: string }[];
  readonly eventGridKey: string;
  readonly functionKey: string;
  readonly masterKey: string;
}

export interface LocalAzure {
  readonly emulator: EmulatorReady;
  readonly storage: StorageEndpoints;
  readonly wire: Wire;
  /** A folder of this tour, removed when it stops. */
  readonly directory: string;
  /** A call to the emulator's control plane. */
  control<T = unknown>(method: string, path: string, body?: unknown): Promise<T>;
  /** A call to ARM as the owner of the subscription. */
  arm<T = unknown>(method: string, path: string, body?: unknown): Promise<T>;
  startFunctions(settings: Readonly<Record<string, string>>): Promise<Child<FunctionsReady>>;
  /** Logs of all processes, for when something goes wrong. */
  log(): string;
  stop(): Promise<void>;
}

export interface LocalAzureOptions {
  /** Writes the scenario to a path. */
  readonly writeScenario: (path: string) => Promise<void>;
  /** Virtual milliseconds per real one. */
  readonly clockFactor: number;
  readonly seed: number;
  /** Gets the way to stop before anything is started, for whoever handles signals. */
  readonly onStart?: ((stop: () => Promise<void>) => void) | undefined;
}

export { PACKAGE_ROOT };
const CLI = join(PACKAGE_ROOT, "dist", "cli", "fleetwright.js");

export async function startLocalAzure(options: LocalAzureOptions): Promise<LocalAzure> {
  const directory = await mkdtemp(join(tmpdir(), "fleetwright-tour-"));
  const children: Child<unknown>[] = [];
  const end = async (): Promise<void> => {
    for (const child of children.toReversed()) await child.stop();
    await rm(directory, { recursive: true, force: true });
  };
  let ending: Promise<void> | undefined;
  // A signal and the end of the tour may both ask for it: a second SIGTERM would cut a child's own end short.
  const stop = (): Promise<void> => (ending ??= end());
  options.onStart?.(stop);
  try {
    return await start(options, directory, children, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  options: LocalAzureOptions,
  directory: string,
  children: Child<unknown>[],
  stop: () => Promise<void>,
): Promise<LocalAzure> {
  const scenario = join(directory, "scenario.yaml");
  await options.writeScenario(scenario);
  const emulator = await startEmulator(scenario, options);
  children.push(emulator);
  const storage = await startAzurite(emulator.ready);
  children.push(storage);
  const wire = createWire(await readFile(emulator.ready.ca, "utf8"));
  const control = <T>(method: string, path: string, body?: unknown): Promise<T> =>
    wire.send<T>(method, `${emulator.ready.control}${path}`, { body });
  return {
    emulator: emulator.ready,
    storage: storage.ready,
    wire,
    directory,
    control,
    arm: async <T>(method: string, path: string, body?: unknown): Promise<T> =>
      wire.send<T>(method, `${emulator.ready.arm}${path}`, {
        token: await ownerToken(emulator.ready, `${emulator.ready.arm}/`),
        body,
      }),
    async startFunctions(settings) {
      const functions = await startFunctions(emulator.ready, settings);
      children.push(functions);
      return functions;
    },
    log: () => children.map((child) => child.log()).join("\n"),
    async stop() {
      wire.close();
      await stop();
    },
  };
}

function startEmulator(
  scenario: string,
  options: LocalAzureOptions,
): Promise<Child<EmulatorReady>> {
  return startChild<EmulatorReady>({
    name: "the local Azure",
    file: CLI,
    args: [
      "emulator",
      "--scenario",
      scenario,
      "--clock",
      String(options.clockFactor),
      "--seed",
      String(options.seed),
    ],
    readyFrom: jsonLine,
  });
}

function startFunctions(
  emulator: EmulatorReady,
  settings: Readonly<Record<string, string>>,
): Promise<Child<FunctionsReady>> {
  return startChild<FunctionsReady>({
    name: "the Functions host",
    file: CLI,
    args: ["functions", "--app", PACKAGE_ROOT, "--control", emulator.control],
    env: settings,
    readyFrom: jsonLine,
  });
}

function jsonLine<T>(line: string): T | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const value = JSON.parse(line) as Record<string, unknown>;
    return "arm" in value || "eventGridKey" in value ? (value as T) : undefined;
  } catch {
    return undefined;
  }
}

/** A token of the identity behind the managed identity endpoint, which owns the subscription. */
export async function ownerToken(emulator: EmulatorReady, audience: string): Promise<string> {
  const reply = await fetch(emulator.msi, {
    method: "POST",
    headers: { Metadata: "true", "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ resource: audience }).toString(),
  });
  if (!reply.ok) throw new Error(`no token for ${audience}: ${reply.status}`);
  return ((await reply.json()) as { access_token: string }).access_token;
}
