import { markdownTable } from "../../shared/core/markdown.ts";
import type { Environment } from "../../shared/declaration/documents.ts";
import type { Declarations } from "../../shared/declaration/parse.ts";
import { applyStrategy, planGroups } from "../../shared/update-run/apply-strategy.ts";
import type { StrategyRemover } from "../../shared/update-run/apply-strategy.ts";
import { emptiedGroups, removableStrategies } from "../../shared/update-run/drift.ts";
import type { FleetPort, UpdateStrategyResource } from "../../shared/update-run/ports.ts";
import type { Annotation, Report } from "../runner/report.ts";
import type { Runner } from "../runner/run-action.ts";
import { placeOf } from "./places.ts";
import { strategiesOf, strategiesOfFleet } from "./scope.ts";

/** One strategy or member's group in one fleet. */
export interface Applied {
  readonly environment: string;
  readonly what: string;
  readonly strategy?: { readonly declared: string; readonly stored: string };
  readonly outcome: "created" | "moved" | "deleted" | "unchanged" | "absent" | "emptied";
  readonly annotation?: Annotation;
}

interface ApplyDeps {
  readonly fleet: FleetPort & StrategyRemover;
  readonly runner: Runner;
  /** Undeclared strategies of ours are deleted only when told so. */
  readonly deleteUndeclared: boolean;
}

export async function applyEnvironment(
  environment: Environment,
  declarations: Declarations,
  deps: ApplyDeps,
): Promise<readonly Applied[]> {
  const { fleet, runner } = deps;
  runner.leaves(`the strategies of ${environment.name} were being applied; apply again to finish`);
  const stored = await fleet.listStrategies(environment.fleet);
  const applied = [
    ...(await applyStrategies(environment, declarations, fleet, stored)),
    ...(await applyGroups(environment, declarations, fleet)),
    ...(deps.deleteUndeclared
      ? await deleteUndeclared(environment, declarations, fleet, stored)
      : []),
  ];
  for (const { what, outcome } of applied) runner.log(`${environment.name}: ${what} ${outcome}`);
  return applied;
}

async function applyStrategies(
  environment: Environment,
  declarations: Declarations,
  port: FleetPort,
  stored: readonly UpdateStrategyResource[],
): Promise<readonly Applied[]> {
  const applied: Applied[] = [];
  for (const strategy of strategiesOf(environment, declarations)) {
    const { changed } = await applyStrategy(port, strategy, stored);
    applied.push({
      environment: environment.name,
      what: `strategy ${strategy.name}`,
      strategy: { declared: strategy.declared, stored: strategy.name },
      outcome: changed ? "created" : "unchanged",
    });
  }
  return applied;
}

async function deleteUndeclared(
  { name: environment, fleet }: Environment,
  declarations: Declarations,
  port: FleetPort & StrategyRemover,
  stored: readonly UpdateStrategyResource[],
): Promise<readonly Applied[]> {
  const declared = strategiesOfFleet(fleet, declarations);
  const removable = removableStrategies(declared, stored, await port.listRuns(fleet));
  for (const { name, etag } of removable) await port.deleteStrategy(fleet, name, etag);
  return removable.map(({ name }) => ({
    environment,
    what: `strategy ${name}`,
    outcome: "deleted" as const,
  }));
}

async function applyGroups(
  environment: Environment,
  declarations: Declarations,
  port: FleetPort,
): Promise<readonly Applied[]> {
  const { fleet, members } = environment;
  // "fleet": the groups are owned elsewhere, here they are only checked.
  if (members === "fleet") return [];
  const live = await port.listMembers(fleet);
  const { moves, absent } = planGroups(members, live);
  const told = warnings(environment, declarations);
  const wanted = new Map(members.map(({ name, group }) => [name, group]));
  const emptied = emptiedGroups(live, wanted).map(({ group, movers }) =>
    told(
      "group-emptied",
      group,
      `this move empties group ${group}: ${movers.join(", ")}`,
      "emptied",
    ),
  );
  for (const { member, group } of moves) {
    await port.setMemberGroup(fleet, member.name, group, member.etag);
  }
  return [
    ...absent.map((name) =>
      told(
        "member-absent",
        name,
        `${environment.name} declares member ${name}, which its fleet does not have`,
        "absent",
      ),
    ),
    ...moves.map(({ member, group }) => ({
      environment: environment.name,
      what: `member ${member.name} to group ${group}`,
      outcome: "moved" as const,
    })),
    ...emptied,
  ];
}

/** Entries that are warned of at the line that declares them. */
function warnings(environment: Environment, declarations: Declarations) {
  return (
    kind: "member-absent" | "group-emptied",
    subject: string,
    message: string,
    outcome: "absent" | "emptied",
  ): Applied => ({
    environment: environment.name,
    what: kind === "group-emptied" ? `group ${subject}` : `member ${subject}`,
    outcome,
    annotation: {
      kind: "warning",
      title: kind,
      message,
      ...placeOf({ kind, subject, detail: "" }, environment, declarations),
    },
  });
}

export function reportApplied(applied: readonly Applied[]): Report {
  const count = (outcome: Applied["outcome"]) =>
    applied.filter((entry) => entry.outcome === outcome).length;
  const rows = applied.map(({ environment, what, outcome }) => [environment, what, outcome]);
  return {
    outputs: {
      changed: String(count("created") + count("moved") + count("deleted") > 0),
      "strategy-names": JSON.stringify(namesByEnvironment(applied)),
    },
    annotations: applied.flatMap(({ annotation }) => annotation ?? []),
    summary: [
      "## Declared strategies applied",
      `**${count("created")} created**, ${count("moved")} members moved, ${count("deleted")} deleted, ${count("unchanged")} unchanged.`,
      markdownTable(["Environment", "", ""], rows),
    ].join("\n\n"),
  };
}

function namesByEnvironment(
  applied: readonly Applied[],
): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const names: Record<string, Record<string, string>> = {};
  for (const { environment, strategy } of applied) {
    if (strategy === undefined) continue;
    names[environment] = { ...names[environment], [strategy.declared]: strategy.stored };
  }
  return names;
}
