import type { ArmId } from "../core/arm-id.ts";
import type { Environment } from "../declaration/documents.ts";
import type { ParsedDeclarations } from "../declaration/parse.ts";
import { runName, strategyNamed } from "../declaration/strategy.ts";

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
  /** Display name of our gate, by stage. */
  readonly approves: ReadonlyMap<string, string>;
  /** Share of the nodes, 0 to 1, that may be not Ready, by stage. */
  readonly toleratedNotReady: ReadonlyMap<string, number>;
  readonly captureProven: boolean;
  readonly snapshotResourceGroup: string | undefined;
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
  const verification = Object.entries(strategy.verification ?? {});
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
    approves: new Map(
      verification.flatMap(([stage, { approves }]) => (approves ? [[stage, approves]] : [])),
    ),
    toleratedNotReady: new Map(
      verification.map(([stage, { tolerate }]) => [stage, share(tolerate?.notReady)]),
    ),
    captureProven: capture.includes("proven"),
    snapshotResourceGroup: resourceGroup,
  };
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
