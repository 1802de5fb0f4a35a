#!/usr/bin/env node
import { FleetwrightError, toError } from "../shared/core/errors.ts";
import { UsageError } from "./usage.ts";

/** A subcommand gets the arguments after its name and returns the exit code. */
type Subcommand = (args: readonly string[]) => Promise<number>;

interface Entry {
  readonly summary: string;
  /** Loaded when it is called: `fleetwright --help` starts nothing. */
  readonly load: () => Promise<Subcommand>;
}

const SUBCOMMANDS: Readonly<Record<string, Entry>> = {
  tour: {
    summary: "show the main job end to end on a local Azure",
    load: async () => (await import("./tour.ts")).tour,
  },
  init: {
    summary: "write a first workspace from a live fleet",
    load: async () => (await import("./init.ts")).runInit,
  },
  doctor: {
    summary: "look at everything that an upgrade stands on, and say what to do",
    load: async () => (await import("./doctor.ts")).runDoctor,
  },
  status: {
    summary: "show the update runs of the declared environments, and why each member waits",
    load: async () => (await import("./status.ts")).runStatus,
  },
  lint: {
    summary: "check the declared files of a folder: file, line, code and remedy of each finding",
    load: async () => (await import("./lint.ts")).runLint,
  },
  emulator: {
    summary: "run a local Azure: ARM, AKS, Fleet Manager, Kubernetes, Event Grid, Entra, GitHub",
    load: async () => (await import("./emulator.ts")).runEmulator,
  },
  functions: {
    summary: "host a function app as Azure does: Event Grid, timer and HTTP triggers",
    load: async () => (await import("./functions.ts")).runFunctions,
  },
};

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

function usage(): string {
  const lines = Object.entries(SUBCOMMANDS).map(
    ([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`,
  );
  const more = "fleetwright <command> --help says more.";
  return ["Usage: fleetwright <command> [options]", "", ...lines, "", more, ""].join("\n");
}

async function main(args: readonly string[]): Promise<number> {
  const [name = "--help", ...rest] = args;
  if (name === "--help" || name === "-h") {
    process.stdout.write(usage());
    return 0;
  }
  const entry = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (!entry) throw new UsageError(`there is no command ${JSON.stringify(name)}\n\n${usage()}`);
  const run = await entry.load();
  return run(rest);
}

function explain(thrown: unknown): string {
  const { message } = toError(thrown);
  const remedy = thrown instanceof FleetwrightError ? thrown.remedy : undefined;
  return remedy === undefined ? message : `${message}: ${remedy}`;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (thrown) {
  process.stderr.write(`fleetwright: ${explain(thrown)}\n`);
  process.exitCode = thrown instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE;
}
