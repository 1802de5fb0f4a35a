import type { ArmId } from "../core/arm-id.ts";
import { FleetwrightError, isError } from "../core/errors.ts";
import type { Release } from "../declaration/documents.ts";
import { renderDifferences, runDifferences, stageDifferences } from "./compare.ts";
import type {
  FleetPort,
  NodeImageSelection,
  UpdateRun,
  UpdateRunSpec,
  UpdateStage,
} from "./ports.ts";
import { isActive } from "./state.ts";

/** A run as it is wanted: its deterministic name, what it does, and the stages behind its strategy. */
export interface DeclaredRun {
  readonly fleet: ArmId;
  readonly name: string;
  readonly spec: UpdateRunSpec;
  readonly stages: readonly UpdateStage[];
}

/** In which order members are upgraded: a stored strategy, stages of the run's own, or neither: one by one. */
export type RunOrder = Pick<UpdateRunSpec, "strategyId" | "stages">;

/** What a release asks of its fleet: node images, exact ones as a rule, in an order. */
export function runSpec(release: Release, order: RunOrder): UpdateRunSpec {
  const { upgradeType, kubernetesVersion, nodeImageSelection = "Custom" } = release.spec;
  if (upgradeType === "ControlPlaneOnly") {
    // No node is touched, so no image is selected.
    return { ...order, ...version(release), upgradeType, nodeImageSelection: { type: "Latest" } };
  }
  return {
    ...order,
    upgradeType,
    // Azure refuses a Kubernetes version beside NodeImageOnly.
    ...(upgradeType === "Full" && kubernetesVersion !== undefined && { kubernetesVersion }),
    nodeImageSelection:
      nodeImageSelection === "Custom" ? pinnedImages(release) : { type: nodeImageSelection },
  };
}

/** Exact pins never become a selection of Azure's own. */
function pinnedImages(release: Release): NodeImageSelection {
  const images = Object.entries(release.spec.nodeImages ?? {}).map(
    ([family, version]) => `${family}-${version}`,
  );
  if (images.length === 0) {
    throw new FleetwrightError(
      "preflight-failed",
      `release ${release.metadata.name} pins no node image, so the run would not be exact`,
      { remedy: "pin one version per image family under spec.nodeImages" },
    );
  }
  return { type: "Custom", customNodeImageVersions: images.toSorted() };
}

function version(release: Release): Pick<UpdateRunSpec, "kubernetesVersion"> {
  const { kubernetesVersion } = release.spec;
  return kubernetesVersion === undefined ? {} : { kubernetesVersion };
}

/**
 * Creates the run, or finds that it exists just so; an existing run that differs is never touched.
 * `preflight` throws what speaks against a new run.
 */
export async function createRun(
  port: FleetPort,
  declared: DeclaredRun,
  preflight: () => Promise<void>,
): Promise<{ readonly run: UpdateRun; readonly changed: boolean }> {
  const existing = await port.getRun(declared.fleet, declared.name);
  if (existing !== undefined) return { run: assertAsDeclared(declared, existing), changed: false };
  await assertNoOtherActive(port, declared.fleet, declared.name);
  await preflight();
  try {
    return {
      run: await port.createRun(declared.fleet, declared.name, declared.spec),
      changed: true,
    };
  } catch (thrown) {
    // Somebody created it in between: the same run is as good as ours.
    const winner = isError(thrown, "conflict")
      ? await port.getRun(declared.fleet, declared.name)
      : undefined;
    if (winner === undefined) throw thrown;
    return { run: assertAsDeclared(declared, winner), changed: false };
  }
}

/** Fails with `plan-changed` and the differences when the stored run is not the declared one. */
export function assertAsDeclared(declared: DeclaredRun, stored: UpdateRun): UpdateRun {
  const differences = [
    ...runDifferences(declared.spec, stored),
    // One by one, the service names a stage and a group of its own.
    ...(stored.stages === undefined || declared.stages.length === 0
      ? []
      : stageDifferences(declared.stages, stored.stages)),
  ];
  if (differences.length > 0) {
    throw new FleetwrightError(
      "plan-changed",
      `update run ${declared.name} exists and is not what is declared: ${renderDifferences(differences)}`,
      {
        subject: stored.id,
        remedy: "raise metadata.generation of the release for a new run, or delete the stored run",
      },
    );
  }
  return stored;
}

/** A fleet upgrades one thing at a time: two runs would fight over the same members. */
export async function assertNoOtherActive(
  port: FleetPort,
  fleet: ArmId,
  name: string,
): Promise<void> {
  const runs = await port.listRuns(fleet);
  const other = runs.find((run) => run.name !== name && isActive(run.status.state));
  if (other === undefined) return;
  throw new FleetwrightError(
    "preflight-failed",
    `update run ${other.name} of the same fleet is ${other.status.state}`,
    { subject: other.id, remedy: "wait for its end, or stop it, then run this step again" },
  );
}
