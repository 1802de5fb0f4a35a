import type { Hub } from "./hub.ts";
import type { SimulatedImageCatalog } from "./images.ts";
import type { MachineSupply } from "./machine-supply.ts";
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
  readonly machines: MachineSupply;
  readonly kubernetesVersions: readonly string[];
  readonly place: WorldOptions["place"];
}

/** The order is part of every seed's outcome: add at the end. */
const PHASES = {
  controlPlane: 0,
  surgeCreate: 1,
  drain: 2,
  reimage: 3,
  surgeDelete: 4,
  nodeCreate: 5,
  evictionRetry: 6,
} as const;
const NUMBER_OF_PHASES = Object.keys(PHASES).length;

/** `round` tells the upgrades of one entity apart. */
export function drawPhase(
  kernel: Pick<Kernel, "seed" | "durations">,
  phase: keyof typeof PHASES,
  { entity, round }: { readonly entity: number; readonly round: number },
): number {
  const duration: Duration = kernel.durations[phase];
  const counter = round * NUMBER_OF_PHASES + PHASES[phase];
  return drawMilliseconds(duration, { seed: kernel.seed, entity, phase: counter });
}
