import { parseDuration, SECOND } from "../../core/duration.ts";
import {
  OUR_GATE_PREFIX,
  type Gate,
  type StageVerification,
  type UpdateStage,
  type UpdateStrategy,
} from "../documents.ts";
import type { Finding } from "../finding.ts";
import { MAX_CHECKED_NAMESPACES, MAX_GATE_NAME_CHARACTERS } from "../limits.ts";
import { nearest } from "../../core/nearest.ts";
import type { Declared } from "../parse.ts";
import { report, type LintInput, type Problem } from "../rule.ts";
import type { Path } from "../source-map.ts";

/** With the functions stopped, the next stage must not begin: a gate or a wait stands in between. */
export function stagesWithoutBarrier({ strategies }: LintInput): readonly Finding[] {
  return strategies.flatMap((strategy) => {
    const { stages } = strategy.value.spec;
    return stages.slice(0, -1).flatMap((stage, index) => {
      if (hasBarrier(stage, stages[index + 1])) return [];
      const message = `stage ${stage.name} has neither a gate nor a wait: a failure that shows later reaches the next stage`;
      const remedy = "add afterGates or afterStageWaitInSeconds to it, or beforeGates to the next";
      const path = ["spec", "stages", index];
      return [report(strategy, { code: "stage-without-barrier", path, message, remedy })];
    });
  });
}

function hasBarrier(stage: UpdateStage, next: UpdateStage | undefined): boolean {
  const some = (gates: readonly Gate[] | undefined): boolean => (gates?.length ?? 0) > 0;
  return (
    (stage.afterStageWaitInSeconds ?? 0) > 0 ||
    some(stage.afterGates) ||
    some(next?.beforeGates) ||
    // One group that is held holds its stage, but a group of the next stage holds only itself.
    stage.groups.some(({ afterGates }) => some(afterGates)) ||
    (next !== undefined &&
      next.groups.length > 0 &&
      next.groups.every(({ beforeGates }) => some(beforeGates)))
  );
}

interface GatePlace {
  readonly gate: Gate;
  readonly stage: string;
  readonly path: Path;
}

function gatesOf({ spec }: UpdateStrategy): readonly GatePlace[] {
  return spec.stages.flatMap((stage, s) => {
    const holders = [
      { holder: stage, path: ["spec", "stages", s] as Path },
      ...stage.groups.map((holder, g) => ({ holder, path: ["spec", "stages", s, "groups", g] })),
    ];
    return holders.flatMap(({ holder, path }) =>
      (["beforeGates", "afterGates"] as const).flatMap((list) =>
        (holder[list] ?? []).map((gate, index) => ({
          gate,
          stage: stage.name,
          path: [...path, list, index, "displayName"],
        })),
      ),
    );
  });
}

/** A gate with our prefix that no verification names would wait forever. */
export function gates({ strategies }: LintInput): readonly Finding[] {
  return strategies.flatMap((strategy) =>
    gatesOf(strategy.value)
      .flatMap(({ gate, stage, path }) => {
        const { displayName } = gate;
        if (displayName.length === 0 || displayName.length > MAX_GATE_NAME_CHARACTERS) {
          return [badGateName(displayName, path)];
        }
        const approved = strategy.value.verification?.[stage]?.approves === displayName;
        if (approved || !displayName.startsWith(OUR_GATE_PREFIX)) return [];
        return [nobodyApproves(displayName, stage, path)];
      })
      .map((problem) => report(strategy, problem)),
  );
}

function badGateName(displayName: string, path: Path): Problem {
  const message = `a gate's display name has 1 to ${MAX_GATE_NAME_CHARACTERS} characters, not ${displayName.length}`;
  return { code: "bad-gate-name", path, message, remedy: "change the name" };
}

function nobodyApproves(displayName: string, stage: string, path: Path): Problem {
  return {
    code: "gate-nobody-approves",
    path,
    message: `gate ${JSON.stringify(displayName)} is named as ours, but the verification of stage ${stage} does not approve it`,
    remedy: `add approves: ${JSON.stringify(displayName)} under verification.${stage}, or rename the gate for a person`,
  };
}

/** What `verification` says must fit the stages beside it. */
export function verifications({ strategies }: LintInput): readonly Finding[] {
  return strategies.flatMap((strategy) =>
    Object.entries(strategy.value.verification ?? {}).flatMap(([stage, verification]) =>
      verificationFindings(strategy, stage, verification),
    ),
  );
}

function verificationFindings(
  strategy: Declared<UpdateStrategy>,
  name: string,
  verification: StageVerification,
): readonly Finding[] {
  const { stages } = strategy.value.spec;
  const stage = stages.find((candidate) => candidate.name === name);
  const path = ["verification", name];
  if (!stage) {
    const names = stages.map((candidate) => candidate.name);
    const meant = nearest(name, names);
    const remedy = meant ? `did you mean ${meant}?` : `stages are ${names.join(", ")}`;
    const message = `verification names stage ${name}, which the strategy does not have`;
    return [report(strategy, { code: "unknown-stage", path, message, remedy, atKey: true })];
  }
  return [
    ...approvedGate(strategy.value, name, verification),
    ...tolerance(path, verification),
    ...checks(path, verification),
    ...shortening(path, stage, verification),
  ].map((problem) => report(strategy, problem));
}

function approvedGate(
  strategy: UpdateStrategy,
  stage: string,
  { approves }: StageVerification,
): readonly Problem[] {
  if (approves === undefined) return [];
  const own = gatesOf(strategy).filter((place) => place.stage === stage);
  if (own.some(({ gate }) => gate.displayName === approves)) return [];
  const names = own.map(({ gate }) => JSON.stringify(gate.displayName));
  return [
    {
      code: "gate-not-in-stage",
      path: ["verification", stage, "approves"],
      message: `stage ${stage} has no gate ${JSON.stringify(approves)}`,
      remedy: `add it to the stage's afterGates${names.length > 0 ? `, or name one of ${names.join(", ")}` : ""}`,
    },
  ];
}

function tolerance(path: Path, { tolerate }: StageVerification): readonly Problem[] {
  if (tolerate === undefined || /^(\d{1,2}|100)%$/.test(tolerate.notReady)) return [];
  return [
    {
      code: "bad-tolerance",
      path: [...path, "tolerate", "notReady"],
      message: `${JSON.stringify(tolerate.notReady)} is not a share of the nodes`,
      remedy: 'write a whole percentage, such as "1%"',
    },
  ];
}

/** A check that nobody described would be one that always passes, or never. */
function checks(path: Path, verification: StageVerification): readonly Problem[] {
  const asked = verification.checks ?? [];
  const described = { workloads: verification.workloads, team: verification.team };
  const problems = (["workloads", "team"] as const).flatMap((name): Problem[] => {
    if (asked.includes(name) === (described[name] !== undefined)) return [];
    return [
      {
        code: "check-not-described",
        path: [...path, asked.includes(name) ? "checks" : name],
        message: asked.includes(name)
          ? `the check ${name} does not say what it looks at`
          : `${name} is described, but checks does not name it`,
        remedy: asked.includes(name) ? `add ${name}: beside checks` : `add ${name} to checks`,
      },
    ];
  });
  return [...problems, ...namespaces(path, verification), ...teamCheck(path, verification)];
}

function namespaces(path: Path, { workloads }: StageVerification): readonly Problem[] {
  const count = workloads?.namespaces.length;
  if (count === undefined || (count > 0 && count <= MAX_CHECKED_NAMESPACES)) return [];
  return [
    {
      code: "check-not-described",
      path: [...path, "workloads", "namespaces"],
      message: `${count} namespaces are named; a check looks at 1 to ${MAX_CHECKED_NAMESPACES}`,
      remedy: "name the namespaces that tell most",
    },
  ];
}

function teamCheck(path: Path, { team }: StageVerification): readonly Problem[] {
  if (team === undefined) return [];
  const { checkRun, workflow } = team;
  const at = [...path, "team"];
  if ((checkRun === undefined) === (workflow === undefined)) {
    const message = "the team's check is a check run or a workflow: exactly one of both";
    return [{ code: "bad-team-check", path: at, message, remedy: "write checkRun or workflow" }];
  }
  if (workflow === undefined || /^[\w.-]+\.ya?ml$/.test(workflow)) return [];
  return [
    {
      code: "bad-team-check",
      path: [...at, "workflow"],
      message: `${JSON.stringify(workflow)} is not the name of a workflow file`,
      remedy: "write the name of a file in .github/workflows, such as smoke.yml",
    },
  ];
}

function shortening(
  path: Path,
  stage: UpdateStage,
  { mayShortenTo }: StageVerification,
): readonly Problem[] {
  if (mayShortenTo === undefined) return [];
  const at = [...path, "mayShortenTo"];
  const shortened = durationOf(mayShortenTo);
  if (shortened === undefined) return [badDuration(at, mayShortenTo)];
  const wait = (stage.afterStageWaitInSeconds ?? 0) * SECOND;
  if (shortened < wait) return [];
  const message = `${mayShortenTo} is no shorter than the wait of ${wait / SECOND} s after stage ${stage.name}`;
  const remedy = "write less than afterStageWaitInSeconds, or remove it";
  return [{ code: "bad-may-shorten", path: at, message, remedy }];
}

export function durationOf(text: string): number | undefined {
  try {
    return parseDuration(text);
  } catch {
    return undefined;
  }
}

export function badDuration(path: Path, text: string): Problem {
  return {
    code: "bad-duration",
    path,
    message: `${JSON.stringify(text)} is not a duration`,
    remedy: "write a number with a unit, such as 90s, 30m, 1h30m or 7d",
  };
}
