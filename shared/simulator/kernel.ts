import type { Hub } from "./hub.ts";
import type { SimulatedImageCatalog } from "./images.ts";
import type { Duration, Durations, Rules, WorldOptions } from "./model.ts";
import { drawMilliseconds } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/** What every part of one world shares. */
export interface Kernel {
  readonly seed: number;
  readonly timeline: Timeline;
  readonly hub: Hub;
  readonly rules: Rules;
  readonly durations: Durations;
  readonly images: SimulatedImageCatalog;
  readonly kubernetesVersions: readonly string[];
  readonly place: WorldOptions["place"];
}

/** The order is part of every seed's outcome: add at the end. */
const PHASES = [
  "controlPlane",
  "surgeCreate",
  "drain",
  "reimage",
  "surgeDelete",
  "nodeCreate",
  "evictionRetry",
] as const;

/** `round` tells the upgrades of one entity apart. */
export function drawPhase(
  kernel: Kernel,
  phase: (typeof PHASES)[number],
  { entity, round }: { readonly entity: number; readonly round: number },
): number {
  const duration: Duration = kernel.durations[phase];
  const counter = round * PHASES.length + PHASES.indexOf(phase);
  return drawMilliseconds(duration, { seed: kernel.seed, entity, phase: counter });
}
