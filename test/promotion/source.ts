import { parseDeclarations } from "../../shared/declaration/parse.ts";
import type { SourceRun } from "../../shared/promotion/source-run.ts";
import type { UpdateRun } from "../../shared/update-run/ports.ts";
import { FLEET, member, stage, status, updateRun } from "../update-run/run-builder.ts";

export const FAMILY = "AKSUbuntu-2204gen2containerd";
export const WINDOWS = "AKSWindows-2022-containerd";
export const HOUR = 3_600_000;
export const START = Date.parse("2026-07-10T00:00:00Z");
export const at = (hours: number): string => new Date(START + hours * HOUR).toISOString();

export function declared(
  name: string,
  spec: string,
  stages = "{name: all, groups: [{name: all}]}",
): Pick<SourceRun, "release" | "strategy" | "nodeImages"> {
  const { releases, strategies, findings } = parseDeclarations([
    {
      path: "releases/r.yaml",
      text: `apiVersion: fleetwright.dev/v1alpha1\nkind: Release\nmetadata: {name: ${name}, generation: 1}\nspec: {${spec}}\n`,
    },
    {
      path: "strategies/s.yaml",
      text: `apiVersion: fleetwright.dev/v1alpha1\nkind: UpdateStrategy\nmetadata: {name: plain}\nspec: {stages: [${stages}]}\n`,
    },
  ]);
  const [release, strategy] = [releases[0]?.value, strategies[0]?.value];
  if (!release || !strategy) throw new Error(JSON.stringify(findings));
  return { release, strategy, nodeImages: release.spec.nodeImages ?? {} };
}

export const pinned = (version: string): string =>
  `strategy: {name: plain}, nodeImages: {${FAMILY}: ${version}}`;

/** A run of dev that completed so many hours after the start; undefined for one that still runs. */
export function sourceRun(
  generation: number,
  version: string,
  hours: { readonly from: number; readonly to?: number },
  more: Partial<UpdateRun> = {},
): SourceRun {
  const { release, strategy, nodeImages } = declared("dev", pinned(version));
  const state = hours.to === undefined ? "Running" : "Completed";
  return {
    run: updateRun(state, {
      name: `dev-${generation}-1a2b3c4d`,
      status: status(state, at(hours.from), hours.to === undefined ? undefined : at(hours.to)),
      stageStatuses: [stage("all", state, [member("quay-1", state)])],
      ...more,
    }),
    rollout: {
      environment: "dev",
      fleet: FLEET,
      commit: `commit-${generation}`,
      generation,
      runName: `dev-${generation}-1a2b3c4d`,
      nodeImages,
      upgradeType: "NodeImageOnly",
      kubernetesVersion: undefined,
      verification: new Map(),
      captureProven: true,
      snapshotResourceGroup: undefined,
    },
    release: { ...release, metadata: { ...release.metadata, generation } },
    strategy,
    nodeImages,
  };
}
