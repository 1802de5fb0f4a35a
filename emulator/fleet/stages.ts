import { DAYS_OF_WEEK } from "../../shared/simulator/maintenance-window.ts";
import type {
  GateSpec,
  GroupSpec,
  LabelExpression,
  ScheduledStart,
  StageSpec,
} from "../../shared/simulator/model.ts";
import { isObject, objectAt, objectsAt, textAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { invalid } from "../arm/refusal.ts";
import { parseLabelRequirements } from "../label-requirements.ts";
import { checkName } from "./names.ts";

/** Source: learn.microsoft.com/azure/kubernetes-fleet/concepts-update-orchestration */
const MAX_GROUPS_PER_STAGE = 50;
/** Source: specification of Microsoft.ContainerService/fleets 2026-06-01, maxConcurrency and gates */
const MAX_CONCURRENCY = /^(?:([1-9]\d*)|([1-9]\d?|100)%)$/;
/** Source: the same concept page, maximum concurrency: more is rejected, and a group is never above its stage. */
const MAX_STAGE_CONCURRENCY = 50;
/** Source: the same specification, 2026-06-02-preview */
const MAX_ALLOWED_FAILURES = /^(\d{1,4}|(\d{1,2}|100)%)$/;
const START_TIME = /^([01]\d|2[0-3]):[0-5]\d$/;
const UTC_OFFSET = /^[+-]((0\d|1[0-3]):[0-5]\d|14:00)$/;
const MAX_GATE_NAME = 100;
const MAX_WAIT_SECONDS = 2 ** 31 - 1;

/** The stages of a strategy as the service checks them when a strategy or run is written. */
export function parseStages(strategy: JsonObject): readonly StageSpec[] {
  const stages = objectsAt(strategy, "stages").map(parseStage);
  if (stages.length === 0) throw invalid("A strategy has at least one stage.");
  refuseDuplicates("stage", stages);
  // A member has one group, and would be upgraded twice by a group that stands in two stages.
  refuseDuplicates(
    "group",
    stages.flatMap(({ groups }) => groups),
  );
  return stages;
}

function parseStage(stage: JsonObject): StageSpec {
  const name = textAt(stage, "name") ?? "";
  checkName("stage", name);
  const groups = objectsAt(stage, "groups").map(parseGroup);
  const common = commonFields(stage);
  if (groups.length === 0 && common.memberSelector === undefined) {
    throw invalid(`The stage '${name}' has no groups.`);
  }
  if (groups.length > MAX_GROUPS_PER_STAGE) {
    throw invalid(
      `The stage '${name}' has ${groups.length} groups; ${MAX_GROUPS_PER_STAGE} are allowed.`,
    );
  }
  const wait = parseWait(stage);
  return {
    name,
    groups,
    ...common,
    ...(wait === undefined ? {} : { afterStageWaitInSeconds: wait }),
  };
}

function parseGroup(group: JsonObject): GroupSpec {
  const name = textAt(group, "name") ?? "";
  checkName("group", name);
  return { name, ...commonFields(group) };
}

function commonFields(from: JsonObject): Omit<GroupSpec, "name"> {
  const maxConcurrency = parseConcurrency(from);
  const maxAllowedFailures = parseAllowedFailures(from);
  const memberSelector = parseSelector(from);
  const beforeGates = gatesAt(from, "beforeGates");
  const afterGates = gatesAt(from, "afterGates");
  return {
    ...(maxConcurrency === undefined ? {} : { maxConcurrency }),
    ...(maxAllowedFailures === undefined ? {} : { maxAllowedFailures }),
    ...(memberSelector === undefined ? {} : { memberSelector }),
    ...(beforeGates.length === 0 ? {} : { beforeGates }),
    ...(afterGates.length === 0 ? {} : { afterGates }),
  };
}

/** What has the wrong type is refused: a limit, a wait or a gate that is not understood would not be kept. */
function parseConcurrency(from: JsonObject): string | undefined {
  const value = from["maxConcurrency"] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== "string" || !MAX_CONCURRENCY.test(value)) {
    throw invalid(
      `maxConcurrency ${JSON.stringify(value)} must be a text with a number or a percentage, such as "3" or "25%".`,
    );
  }
  if (!value.endsWith("%") && Number(value) > MAX_STAGE_CONCURRENCY) {
    const name = textAt(from, "name") ?? "";
    throw invalid(
      `maxConcurrency ${value} of '${name}' exceeds the limit of ${MAX_STAGE_CONCURRENCY}.`,
    );
  }
  return value;
}

function parseAllowedFailures(from: JsonObject): string | undefined {
  const value = from["maxAllowedFailures"] ?? undefined;
  if (value === undefined || value === "") return undefined;
  if (typeof value === "string" && MAX_ALLOWED_FAILURES.test(value)) return value;
  throw invalid(
    `maxAllowedFailures ${JSON.stringify(value)} must be a text with a number from 0 or a percentage, such as "2" or "25%".`,
  );
}

/** Kubernetes' own syntax of label selectors, in `byLabel`. */
function parseSelector(from: JsonObject): readonly LabelExpression[] | undefined {
  const value = from["memberSelector"] ?? undefined;
  if (value === undefined) return undefined;
  const text = isObject(value) ? (textAt(value, "byLabel") ?? "") : "";
  if (text.trim() === "") throw invalid('memberSelector takes {"byLabel": "<label selector>"}.');
  const parsed = parseLabelRequirements(text);
  if ("problem" in parsed) throw invalid(`memberSelector.byLabel: ${parsed.problem}.`);
  return parsed.requirements;
}

function gatesAt(from: JsonObject, key: "beforeGates" | "afterGates"): readonly GateSpec[] {
  const value = from[key] ?? [];
  if (!Array.isArray(value)) throw invalid(`${key} must be a list of gates.`);
  return value.map((gate) => {
    if (isObject(gate)) return parseGate(gate, key);
    throw invalid(`${key} has an entry that is not a gate.`);
  });
}

function parseGate(gate: JsonObject, key: "beforeGates" | "afterGates"): GateSpec {
  const displayName = textAt(gate, "displayName") ?? "";
  const type = textAt(gate, "type");
  if (displayName.length < 1 || displayName.length > MAX_GATE_NAME) {
    throw invalid(`The displayName of a gate has 1 to ${MAX_GATE_NAME} characters.`);
  }
  if (type === "Approval") return { displayName, type };
  // An api-version that does not know scheduled starts has lost their configuration by now.
  if (type !== "ScheduledStart" || !("scheduledStartConfiguration" in gate)) {
    throw invalid(`The gate type '${type ?? ""}' is not supported.`);
  }
  if (key === "afterGates") {
    throw invalid(`The ScheduledStart gate '${displayName}' can stand in beforeGates only.`);
  }
  return { displayName, type, scheduledStart: parseScheduledStart(gate) };
}

function parseScheduledStart(gate: JsonObject): ScheduledStart {
  const from = objectAt(gate, "scheduledStartConfiguration");
  const startDay = DAYS_OF_WEEK.find((day) => day === textAt(from, "startDay"));
  const startTime = textAt(from, "startTime") ?? "";
  const utcOffset = textAt(from, "utcOffset") ?? "";
  if (startDay && START_TIME.test(startTime) && UTC_OFFSET.test(utcOffset)) {
    return { startDay, startTime, utcOffset };
  }
  throw invalid(
    `scheduledStartConfiguration ${JSON.stringify(from)} must have a startDay such as "Monday", a startTime such as "02:00" and a utcOffset such as "+01:00".`,
  );
}

function parseWait(stage: JsonObject): number | undefined {
  const value = stage["afterStageWaitInSeconds"] ?? undefined;
  if (value === undefined) return undefined;
  const wait = typeof value === "number" ? value : Number.NaN;
  if (Number.isInteger(wait) && wait >= 0 && wait <= MAX_WAIT_SECONDS) return wait;
  throw invalid(
    `afterStageWaitInSeconds ${JSON.stringify(value)} must be a whole number of seconds.`,
  );
}

function refuseDuplicates(kind: string, named: readonly { readonly name: string }[]): void {
  const seen = new Set<string>();
  for (const { name } of named) {
    if (seen.has(name)) throw invalid(`The ${kind} '${name}' is named twice.`);
    seen.add(name);
  }
}
