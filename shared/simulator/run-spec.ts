import { parseNodeImage } from "../core/node-image.ts";
import { SimulationError } from "./model.ts";
import type { GroupSpec, RunSpec, StageSpec } from "./model.ts";

/** Names of runs, strategies, stages and groups. Source: Fleet API specification. */
const NAME = /^[a-z0-9]([-a-z0-9]{0,48}[a-z0-9])?$/;
const MAX_CONCURRENCY = /^(?:([1-9]\d*)|([1-9]\d?|100)%)$/;
/** "A fixed count n >= 0, a percentage from 0 to 100": specification of Microsoft.ContainerService/fleets. */
const MAX_ALLOWED_FAILURES = /^(\d{1,4}|(\d{1,2}|100)%)$/;
const MAX_GROUPS_PER_STAGE = 50;
/** Also the most that a stage may ask for. Source: update orchestration concept, maximum concurrency. */
export const DEFAULT_STAGE_CONCURRENCY = 50;
const MAX_GATE_NAME = 100;
const MAX_INT32 = 2 ** 31 - 1;

/** Refuses what Fleet refuses when a run is created; versions are not compared with the members then. */
export function validateRunSpec(spec: RunSpec): void {
  requireName("update run", spec.name);
  validateUpgrade(spec);
  validateSelection(spec);
  if (spec.stages === undefined) return;
  if (spec.stages.length === 0) throw invalid("A strategy has at least one stage.");
  requireUnique(
    "stage",
    spec.stages.map(({ name }) => name),
  );
  requireUnique(
    "group",
    spec.stages.flatMap(({ groups }) => groups.map(({ name }) => name)),
  );
  for (const stage of spec.stages) validateStage(stage);
}

function validateUpgrade({ upgrade }: RunSpec): void {
  const hasVersion = upgrade.kubernetesVersion !== undefined;
  if (upgrade.type === "NodeImageOnly" && hasVersion) {
    throw invalid("kubernetesVersion must not be set when the upgrade type is NodeImageOnly.");
  }
  if (upgrade.type !== "NodeImageOnly" && !hasVersion) {
    throw invalid(`kubernetesVersion is required when the upgrade type is ${upgrade.type}.`);
  }
}

function validateSelection({ nodeImageSelection }: RunSpec): void {
  const { type, customNodeImageVersions } = nodeImageSelection;
  if (type !== "Custom") {
    if ((customNodeImageVersions ?? []).length === 0) return;
    throw invalid(`customNodeImageVersions must not be set when the selection is ${type}.`);
  }
  if (customNodeImageVersions === undefined || customNodeImageVersions.length === 0) {
    throw invalid("customNodeImageVersions is required when the selection is Custom.");
  }
  requireUnique(
    "node image family",
    customNodeImageVersions.map((image) => parseNodeImage(image).family),
  );
}

function validateStage(stage: StageSpec): void {
  requireName("stage", stage.name);
  if (stage.groups.length === 0 && stage.memberSelector === undefined) {
    throw invalid(`Stage '${stage.name}' has no groups.`);
  }
  if (stage.groups.length > MAX_GROUPS_PER_STAGE) {
    throw invalid(`Stage '${stage.name}' has more than ${MAX_GROUPS_PER_STAGE} groups.`);
  }
  const wait = stage.afterStageWaitInSeconds ?? 0;
  if (!Number.isInteger(wait) || wait < 0 || wait > MAX_INT32) {
    throw invalid(`afterStageWaitInSeconds of stage '${stage.name}' is out of range.`);
  }
  validateLimits(stage);
  for (const group of stage.groups) {
    requireName("group", group.name);
    validateLimits(group);
  }
}

function refuseWide({ name, maxConcurrency }: StageSpec | GroupSpec): void {
  if (maxConcurrency === undefined || maxConcurrency.endsWith("%")) return;
  if (Number(maxConcurrency) <= DEFAULT_STAGE_CONCURRENCY) return;
  throw invalid(`maxConcurrency of '${name}' exceeds ${DEFAULT_STAGE_CONCURRENCY}.`);
}

function validateLimits(part: StageSpec | GroupSpec): void {
  if (part.maxConcurrency !== undefined && !MAX_CONCURRENCY.test(part.maxConcurrency)) {
    throw invalid(`maxConcurrency '${part.maxConcurrency}' of '${part.name}' is invalid.`);
  }
  refuseWide(part);
  if (
    part.maxAllowedFailures !== undefined &&
    !MAX_ALLOWED_FAILURES.test(part.maxAllowedFailures)
  ) {
    throw invalid(`maxAllowedFailures '${part.maxAllowedFailures}' of '${part.name}' is invalid.`);
  }
  for (const { displayName } of [...(part.beforeGates ?? []), ...(part.afterGates ?? [])]) {
    if (displayName.length >= 1 && displayName.length <= MAX_GATE_NAME) continue;
    throw invalid(`A gate's displayName has from 1 to ${MAX_GATE_NAME} characters.`);
  }
  if (part.afterGates?.every(({ type }) => type === "Approval") === false) {
    throw invalid(`A ScheduledStart gate of '${part.name}' has to stand before it, not after.`);
  }
}

function requireName(what: string, name: string): void {
  if (NAME.test(name)) return;
  throw invalid(`The name '${name}' of the ${what} is invalid: it must match ${NAME.source}.`);
}

function requireUnique(what: string, names: readonly string[]): void {
  const double = names.find((name, index) => names.indexOf(name) !== index);
  if (double !== undefined) throw invalid(`The ${what} '${double}' is named more than once.`);
}

function invalid(message: string): SimulationError {
  return new SimulationError("InvalidParameter", message);
}

/** Members that may be upgraded at once: a number, or a percentage rounded down, and at least one. */
export function concurrencyOf(text: string | undefined, total: number, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!text.endsWith("%")) return Number(text);
  return Math.max(1, Math.floor((Number(text.slice(0, -1)) * total) / 100));
}

/** Failed members that are tolerated: a number, or a percentage rounded up; none where nothing is named. */
export function allowedFailuresOf(text: string | undefined, total: number): number {
  if (text === undefined) return 0;
  if (!text.endsWith("%")) return Number(text);
  return Math.ceil((Number(text.slice(0, -1)) * total) / 100);
}
