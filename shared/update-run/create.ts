import type { ArmId } from "../core/arm-id.ts";
import { FleetwrightError, isError } from "../core/errors.ts";
import type { Release } from "../declaration/documents.ts";
import { parseRunName } from "../declaration/strategy.ts";
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
  await assertItsTurn(port, declared.fleet, declared.name);
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

/** A fleet upgrades one thing at a time, and what is reviewed later is never undone by what was reviewed before it. */
export async function assertItsTurn(port: FleetPort, fleet: ArmId, name: string): Promise<void> {
  const others = (await port.listRuns(fleet)).filter((run) => run.name !== name);
  const active = others.find(({ status }) => isActive(status.state));
  if (active !== undefined) {
    throw new FleetwrightError(
      "preflight-failed",
      `update run ${active.name} of the same fleet is ${active.status.state}`,
      { subject: active.id, remedy: "wait for its end, or stop it, then run this step again" },
    );
  }
  const newer = newestAfter(name, others);
  if (newer === undefined) return;
  throw new FleetwrightError(
    "preflight-failed",
    `update run ${name} was overtaken: ${newer.name} of a newer generation is ${newer.status.state}`,
    {
      subject: newer.id,
      remedy:
        "run this step at the newest commit; to go back, raise metadata.generation, or delete the run that is not wanted",
    },
  );
}

/** A job of an old commit that is run again, or was slow, must not bring back what that commit declared. */
function newestAfter(name: string, runs: readonly UpdateRun[]): UpdateRun | undefined {
  const ours = parseRunName(name);
  // A way back is a person's word.
  if (ours === undefined) return undefined;
  const newer = runs.flatMap((run) => {
    const theirs = parseRunName(run.name);
    const overtakes = theirs?.release === ours.release && theirs.generation > ours.generation;
    return overtakes ? [{ run, generation: theirs.generation }] : [];
  });
  return newer.toSorted((one, other) => one.generation - other.generation).at(-1)?.run;
}
