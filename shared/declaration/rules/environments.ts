import { parseArmId } from "../../core/arm-id.ts";
import type { Environment, Workspace } from "../documents.ts";
import type { Finding } from "../finding.ts";
import { nearest } from "../../core/nearest.ts";
import type { Declared } from "../parse.ts";
import { mayBeRefused, report, type LintInput, type Problem } from "../rule.ts";
import { badDuration, durationOf } from "./gates.ts";

export function environments(input: LintInput): readonly Finding[] {
  const { workspace } = input;
  if (!workspace) return [];
  return [
    ...workspace.value.spec.environments.flatMap((environment, index) =>
      [
        ...fleetId(environment, index),
        ...soak(environment, index),
        ...promotion(environment, index, workspace.value.spec.environments),
        ...groupNames(environment, index, input),
        ...withoutRelease(environment, index, input),
      ].map((problem) => report(workspace, problem)),
    ),
    ...freezes(workspace),
  ];
}

const FLEET_TYPE = "microsoft.containerservice/fleets";

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function fleetId({ name, fleet }: Environment, index: number): readonly Problem[] {
  if (isFleetId(fleet)) return [];
  return [
    {
      code: "not-a-fleet",
      path: ["spec", "environments", index, "fleet"],
      message: `the fleet of environment ${name} is not the ARM id of a fleet: ${JSON.stringify(fleet)}`,
      remedy:
        "write /subscriptions/<GUID>/resourceGroups/<group>/providers/Microsoft.ContainerService/fleets/<name>",
    },
  ];
}

function isFleetId(id: string): boolean {
  try {
    const { type, subscription } = parseArmId(id);
    return type.toLowerCase() === FLEET_TYPE && GUID.test(subscription);
  } catch {
    return false;
  }
}

function soak({ nodeImage }: Environment, index: number): readonly Problem[] {
  if (durationOf(nodeImage.soak) !== undefined) return [];
  return [badDuration(["spec", "environments", index, "nodeImage", "soak"], nodeImage.soak)];
}

/** Each chain of promotions must begin at an environment that takes new versions itself. */
function promotion(
  environment: Environment,
  index: number,
  all: readonly Environment[],
): readonly Problem[] {
  const { name, promotesFrom } = environment;
  if (promotesFrom === undefined) return [];
  const path = ["spec", "environments", index, "promotesFrom"];
  if (!all.some((other) => other.name === promotesFrom)) {
    const meant = nearest(
      promotesFrom,
      all.map((other) => other.name),
    );
    const message = `environment ${name} promotes from ${promotesFrom}, which is not declared: nothing can reach it`;
    const remedy = meant ? `did you mean ${meant}?` : "declare it, or remove promotesFrom";
    return [{ code: "unknown-environment", path, message, remedy }];
  }
  const chain = chainOf(environment, all);
  if (!chain.includes(name)) return [];
  const message = `promotions go in a circle, so nothing new can enter: ${[name, ...chain].join(" from ")}`;
  const remedy = "remove promotesFrom of the environment that comes first";
  return [{ code: "promotion-cycle", path, message, remedy }];
}

/** Environments upstream, nearest first, up to the first that repeats. */
function chainOf(environment: Environment, all: readonly Environment[]): readonly string[] {
  const chain: string[] = [];
  let next = environment.promotesFrom;
  while (next !== undefined && chain.length <= all.length) {
    chain.push(next);
    if (next === environment.name || chain.indexOf(next) < chain.length - 1) return chain;
    next = all.find(({ name }) => name === chain.at(-1))?.promotesFrom;
  }
  return chain;
}

/** A mapped group that no strategy names does nothing: mostly a typing mistake. */
function groupNames(environment: Environment, index: number, input: LintInput): readonly Problem[] {
  if (mayBeRefused(input, "UpdateStrategy")) return [];
  const known = input.strategies.flatMap(({ value }) =>
    value.spec.stages.flatMap(({ groups }) => groups.map(({ name }) => name)),
  );
  return Object.keys(environment.groups)
    .filter((group) => !known.includes(group))
    .map((group) => {
      const meant = nearest(group, known);
      return {
        code: "unknown-group",
        severity: "warning",
        path: ["spec", "environments", index, "groups", group],
        message: `no strategy names the update group ${group}`,
        remedy: meant ? `did you mean ${meant}?` : "remove it",
        atKey: true,
      };
    });
}

/** Nothing is upgraded there, and nothing else would say so: mostly a release that was forgotten. */
function withoutRelease(
  { name }: Environment,
  index: number,
  input: LintInput,
): readonly Problem[] {
  const names = input.releases.map(({ value }) => value.metadata.name);
  if (names.includes(name) || mayBeRefused(input, "Release", name)) return [];
  return [
    {
      code: "environment-without-release",
      severity: "warning",
      path: ["spec", "environments", index, "name"],
      message: `environment ${name} has no Release: it runs nothing, and nothing can be promoted to it or from it`,
      remedy: `declare one with metadata.name: ${name}, such as releases/${name}.yaml`,
    },
  ];
}

function freezes(workspace: Declared<Workspace>): readonly Finding[] {
  return workspace.value.spec.freezes.flatMap(({ name, from, to, timezone }, index) => {
    const bad = (field: string, message: string, remedy: string): Finding =>
      report(workspace, {
        code: "bad-freeze",
        path: ["spec", "freezes", index, field],
        message: `freeze ${name}: ${message}`,
        remedy,
      });
    const form = "write a day, 2026-12-18, or a local time, 2026-12-18T18:00";
    const moments = Object.entries({ from, to }).filter(([, text]) => !isMoment(text));
    const zone = `${JSON.stringify(timezone)} is not a time zone`;
    return [
      ...moments.map(([field, text]) => bad(field, `${JSON.stringify(text)} is not a time`, form)),
      ...(moments.length === 0 && endOf(to) <= from
        ? [bad("to", "it ends before it begins", "swap from and to")]
        : []),
      ...(isTimezone(timezone)
        ? []
        : [bad("timezone", zone, "write an IANA name, such as Europe/Berlin")]),
    ];
  });
}

/** Local times without an offset: the freeze has its own time zone. Their text order is their order. */
function isMoment(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?$/.test(text)) return false;
  const time = Date.parse(`${text}${text.includes("T") ? "" : "T00:00"}Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text.slice(0, 10));
}

/** A last day counts to its end. */
function endOf(to: string): string {
  return to.includes("T") ? to : `${to}T24:00`;
}

/** Asking the list first: a formatter costs a lint 20 ms, and is needed for old names of zones only. */
function isTimezone(name: string): boolean {
  if (name === "UTC" || Intl.supportedValuesOf("timeZone").includes(name)) return true;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
