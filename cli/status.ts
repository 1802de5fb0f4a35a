import { setTimeout as sleep } from "node:timers/promises";
import { FleetwrightError, toError } from "../shared/core/errors.ts";
import { SECOND } from "../shared/core/duration.ts";
import { parseDeclarations } from "../shared/declaration/parse.ts";
import { readDeclarations } from "../shared/declaration/load.ts";
import { currentRun } from "../shared/status/headline.ts";
import type { MemberView, RunStatus, StageView } from "../shared/status/run-status.ts";
import { readStatus, type Status } from "../shared/status/status.ts";
import { COMMON, readArguments, readFolder, readOutput, type Output } from "./arguments.ts";
import { connectAzure } from "./azure.ts";
import { noEnvironment } from "./no-environment.ts";
import { renderStatus } from "./status/render.ts";
import { UsageError } from "./usage.ts";

const USAGE = `fleetwright status [DIR] [--environment NAME]... [--all] [--watch] [-o table|json]

Shows the update runs of the environments that DIR (default: here) declares, and why each member waits.
With FLEETWRIGHT_STATUS_URL and FLEETWRIGHT_STATUS_KEY set it asks the functions, which also know verdicts,
decisions and quarantined nodes, and needs no DIR; otherwise it asks Azure as whoever is signed in.

  --environment  only this environment; may be repeated
  --all          every member, also those that are done or not begun; earlier runs; node images by region
  --watch        show it again every 30 seconds until no run is under way
  -o, --output   table (default) or json, one line each time; --json is the same as -o json

Exit code: 0, 1 when it cannot be read or a run is Failed, 2 when the command is not understood.
`;

/** As often as the sweep can change anything, twice. */
const WATCH_MILLISECONDS = 30 * SECOND;
/** A run may wait for a person's gate over a weekend; who watches for longer starts it again. */
const MAX_LOOKS = 7 * 24 * 60 * 2;
const REQUEST_TIMEOUT_MILLISECONDS = 30 * SECOND;

interface Options {
  readonly folder: string;
  readonly environments: readonly string[];
  readonly all: boolean;
  readonly watch: boolean;
  readonly output: Output;
}

/** `fleetwright status`: resolves to the exit code. */
export async function runStatus(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) {
    process.stdout.write(USAGE);
    return 0;
  }
  const ask = sourceOf(options, process.env);
  let status = only(options, await ask());
  process.stdout.write(show(status, options));
  for (let looks = 1; options.watch && looks < MAX_LOOKS && !isQuiet(status); looks++) {
    await sleep(WATCH_MILLISECONDS);
    status = only(options, await ask());
    process.stdout.write(show(status, options));
  }
  return isWell(status) ? 0 : 1;
}

function readOptions(args: readonly string[]): Options | undefined {
  const options = {
    ...COMMON,
    environment: { type: "string", multiple: true },
    all: { type: "boolean", default: false },
    watch: { type: "boolean", default: false },
  } as const;
  const { values, positionals } = readArguments(args, options, USAGE);
  if (values.help) return undefined;
  return {
    folder: readFolder(positionals, USAGE),
    environments: values.environment ?? [],
    all: values.all,
    watch: values.watch,
    output: readOutput(values, USAGE),
  };
}

type Environment = Readonly<Record<string, string | undefined>>;

function sourceOf({ folder }: Options, env: Environment): () => Promise<Status> {
  const url = env["FLEETWRIGHT_STATUS_URL"];
  if (url) return () => askFunctions(url, env["FLEETWRIGHT_STATUS_KEY"]);
  const { fleets, arm } = connectAzure(env, "Reader");
  return async () => {
    const declarations = parseDeclarations(await readDeclarations(folder));
    if (declarations.workspace === undefined) throw nothingDeclared(folder);
    const deps = { fleets, clock: arm.clock, store: NOTHING_REMEMBERED };
    return withoutVerdicts(await readStatus(deps, declarations));
  };
}

const NOTHING_REMEMBERED = { list: () => Promise.resolve([]) };

/** "Not looked at yet" would be untrue of members that the functions may have proved long ago. */
function withoutVerdicts(status: Status): Status {
  const member = (one: MemberView): MemberView =>
    one.state === "Completed" ? { ...one, why: "upgraded; the functions know its verdict" } : one;
  const stage = (one: StageView): StageView => ({ ...one, members: one.members.map(member) });
  const run = (one: RunStatus): RunStatus => ({ ...one, stages: one.stages.map(stage) });
  const environments = status.environments.map((one) => ({ ...one, runs: one.runs.map(run) }));
  return { ...status, from: "azure", environments };
}

function nothingDeclared(folder: string): FleetwrightError {
  return new FleetwrightError("not-found", `${folder} declares no Workspace`, {
    subject: folder,
    remedy: "name the folder that holds fleetwright.yaml, or set FLEETWRIGHT_STATUS_URL",
  });
}

async function askFunctions(url: string, key: string | undefined): Promise<Status> {
  if (!URL.canParse(url)) throw new UsageError(`FLEETWRIGHT_STATUS_URL is no address`, USAGE);
  const reply = await fetch(url, {
    headers: { accept: "application/json", ...(key ? { "x-functions-key": key } : {}) },
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MILLISECONDS),
  }).catch((error: unknown) => {
    // fetch says only that it failed; its cause says why.
    throw unreachable(url, toError(toError(error).cause ?? error).message);
  });
  if (!reply.ok) throw unreachable(url, `it answers ${reply.status}`);
  return (await reply.json()) as Status;
}

/** The address is told without its query, which may hold the key. */
function unreachable(url: string, why: string): FleetwrightError {
  const { origin, pathname } = new URL(url);
  return new FleetwrightError("unreachable", `no status from ${origin}${pathname}: ${why}`, {
    remedy:
      "FLEETWRIGHT_STATUS_URL is https://<app>.azurewebsites.net/api/status, its key a function key",
  });
}

function only({ environments }: Options, status: Status): Status {
  if (environments.length === 0) return status;
  const known = status.environments.map(({ name }) => name);
  const strange = environments.find((name) => !known.includes(name));
  if (strange !== undefined) {
    throw new UsageError(noEnvironment(strange, known), USAGE);
  }
  const wanted = status.environments.filter(({ name }) => environments.includes(name));
  return { ...status, environments: wanted };
}

function show(status: Status, { output, all }: Options): string {
  return output === "json" ? `${JSON.stringify(status)}\n` : renderStatus(status, { all });
}

const ENDED = ["Completed", "Skipped", "Failed", "Stopped"];

function isQuiet({ environments }: Status): boolean {
  return environments.every((one) => ENDED.includes(currentRun(one)?.state ?? "Completed"));
}

/** Also a run that its strategy let go on past failed members. */
function hasFailed(run: RunStatus | undefined): boolean {
  const members = run?.stages.flatMap((stage) => stage.members) ?? [];
  return run?.state === "Failed" || members.some(({ state }) => state === "Failed");
}

function isWell({ environments }: Status): boolean {
  return environments.every((one) => one.problem === undefined && !hasFailed(currentRun(one)));
}
