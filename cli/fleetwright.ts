#!/usr/bin/env node
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { explain } from "./explain.ts";
import { nearest } from "../shared/core/nearest.ts";
import { PACKAGE_ROOT } from "./package-root.ts";
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

const USAGE = "fleetwright <command> [options]";

function usage(): string {
  const lines = Object.entries(SUBCOMMANDS).map(
    ([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`,
  );
  const more = [
    "fleetwright <command> --help says more; fleetwright --version says which one this is.",
    "The first steps: tour shows it all without Azure; init, then doctor, begin with fleets of your own.",
  ];
  return [`Usage: ${USAGE}`, "", ...lines, "", ...more, ""].join("\n");
}

async function main(args: readonly string[]): Promise<number> {
  const [name = "--help", ...rest] = args;
  if (name === "--version" || name === "-V") return print(`fleetwright ${await version()}\n`);
  if (name === "help" && rest.length > 0) return main([...rest, "--help"]);
  if (["--help", "-h", "help"].includes(name)) return print(usage());
  const entry = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (!entry) throw unknownCommand(name);
  const run = await entry.load();
  return run(rest);
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

async function version(): Promise<string> {
  const text = await readFile(join(PACKAGE_ROOT, "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

function unknownCommand(name: string): UsageError {
  const names = Object.keys(SUBCOMMANDS);
  const meant = nearest(name, names);
  const hint = meant === undefined ? `there are ${names.join(", ")}` : `did you mean ${meant}?`;
  return new UsageError(`there is no command ${JSON.stringify(name)}: ${hint}`, USAGE);
}

// Whoever reads only the first lines, such as `head`, has seen enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (thrown) {
  process.stderr.write(`fleetwright: ${explain(thrown)}\n`);
  process.exitCode = thrown instanceof UsageError ? EXIT_USAGE : EXIT_FAILURE;
}
