import type { ArmId } from "../core/arm-id.ts";
import type { Environment, Release, StageVerification } from "../declaration/documents.ts";
import type { ParsedDeclarations } from "../declaration/parse.ts";
import { runName, strategyNamed } from "../declaration/strategy.ts";
import type { TeamCheck, VerificationRule } from "./check.ts";
import type { NodeImageSelection } from "./ports.ts";

/** What the repository says about one run: the declarations of the commit that it was created from. */
export interface Rollout {
  readonly environment: string;
  readonly fleet: ArmId;
  readonly commit: string;
  readonly generation: number;
  readonly runName: string;
  /** Pinned version by node image family. */
  readonly nodeImages: Readonly<Record<string, string>>;
  /** Who chooses the images: the pins (absent or `Custom`), or Azure. */
  readonly nodeImageSelection?: NodeImageSelection["type"];
  readonly upgradeType: Release["spec"]["upgradeType"];
  /** What the nodes must run; undefined when the run leaves the Kubernetes version alone. */
  readonly kubernetesVersion: string | undefined;
  /** What is verified, by stage. */
  readonly verification: ReadonlyMap<string, VerificationRule>;
  readonly captureProven: boolean;
  readonly snapshotResourceGroup: string | undefined;
  /** The run of a newer generation that has started, if any: two that raced for their start. */
  readonly overtakenBy?: string;
}

/** The rollout that an environment declares at a commit; undefined when something of it is missing. */
export function rolloutOf(
  declarations: ParsedDeclarations,
  environmentName: string,
  commit: string,
): Rollout | undefined {
  const workspace = declarations.workspace?.value;
  const environment = workspace?.spec.environments.find(({ name }) => name === environmentName);
  const release = declarations.releases.find(
    ({ value }) => value.metadata.name === environmentName,
  )?.value;
  const strategy = strategyNamed(declarations.strategies, release?.spec.strategy.name);
  if (!workspace || !environment || !release || !strategy) return undefined;
  const { capture, resourceGroup } = workspace.spec.snapshots;
  const { nodeImageSelection } = release.spec;
  return {
    environment: environment.name,
    fleet: environment.fleet,
    commit,
    generation: release.metadata.generation,
    runName: runName(release, strategy.spec, environment.groups),
    nodeImages: release.spec.nodeImages ?? {},
    ...(nodeImageSelection !== undefined && { nodeImageSelection }),
    upgradeType: release.spec.upgradeType,
    kubernetesVersion:
      release.spec.upgradeType === "NodeImageOnly" ? undefined : release.spec.kubernetesVersion,
    verification: new Map(
      Object.entries(strategy.verification ?? {}).map(([stage, rule]) => [stage, ruleOf(rule)]),
    ),
    captureProven: capture.includes("proven"),
    snapshotResourceGroup: resourceGroup,
  };
}

function ruleOf(declared: StageVerification): VerificationRule {
  const { approves, checks = [], workloads, team, tolerate, mode } = declared;
  return {
    approves,
    toleratedNotReady: share(tolerate?.notReady),
    namespaces: checks.includes("workloads") ? (workloads?.namespaces ?? []) : [],
    team: checks.includes("team") ? teamCheckOf(team) : undefined,
    observeOnly: mode === "observe",
  };
}

function teamCheckOf(team: StageVerification["team"]): TeamCheck | undefined {
  if (team?.workflow) return { kind: "workflow", file: team.workflow };
  return team?.checkRun ? { kind: "check-run", name: team.checkRun } : undefined;
}

/**
 * What judges the members of a stage: what is declared for it, or for the stage whose before-gate stands behind it.
 */
export function ruleFor(
  { verification }: Pick<Rollout, "verification">,
  stages: readonly { readonly name: string }[],
  name: string,
): VerificationRule | undefined {
  const next = stages[stages.findIndex((stage) => stage.name === name) + 1];
  return verification.get(name) ?? (next && verification.get(next.name));
}

/** `"1%"` is 0.01. */
function share(percentage: string | undefined): number {
  return percentage === undefined ? 0 : Number.parseInt(percentage, 10) / 100;
}

/** Environments that take new node images first: nothing promotes to them. */
export function firstEnvironments(declarations: ParsedDeclarations): readonly Environment[] {
  const environments = declarations.workspace?.value.spec.environments ?? [];
  return environments.filter(({ promotesFrom }) => promotesFrom === undefined);
}
