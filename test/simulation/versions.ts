import type { KubernetesVersions } from "../../shared/promotion/ports.ts";
import type { World } from "../../shared/simulator/model.ts";
import type { Chance } from "./chance.ts";
import type { EventGrid } from "./events.ts";

/** What the environment wants proposed. */
type Propose = "manual" | "patch" | "minor";

/**
 * Scenarios in which Kubernetes versions come and go. Few: a run that upgrades Kubernetes takes as long as any other,
 * and a look at versions as many calls.
 */
const PROPOSED: ReadonlyMap<number, Propose> = new Map([
  [2, "patch"],
  [3, "manual"],
  [60, "minor"],
]);

export const FIRST_VERSION = "1.32.7";
const NEWER: Readonly<Record<Propose, string>> = {
  patch: "1.32.9",
  manual: "1.33.5",
  minor: "1.33.5",
};
export const ALL_VERSIONS: readonly string[] = [FIRST_VERSION, ...new Set(Object.values(NEWER))];
/** The minor version that loses support. */
export const ENDING = "1.32";

/** Undefined: no version comes or goes. */
export function proposalOf(scenario: number): Propose | undefined {
  return PROPOSED.get(scenario);
}

/** The version that comes. */
export function newVersion(scenario: number): string | undefined {
  const propose = proposalOf(scenario);
  return propose && NEWER[propose];
}

/** What everything runs in the end: where nobody wants a proposal, nobody takes the version either. */
export function lastVersion(scenario: number): string {
  const proposed = proposalOf(scenario) !== "manual";
  return (proposed ? newVersion(scenario) : undefined) ?? FIRST_VERSION;
}

/** What happens to a region's versions, and when. */
interface Change {
  readonly at: number;
  readonly region: string;
  readonly kind: "offered" | "ending" | "ended";
}

const MINUTE = 60_000;

/** What AKS offers, region by region, as it changes; each change is told to each cluster of the region. */
export class Versions implements KubernetesVersions {
  readonly #offered = new Map<string, string[]>();
  readonly #newer: string;
  #changes: readonly Change[];

  constructor(scenario: number, world: World, chance: Chance, calm: boolean) {
    this.#newer = newVersion(scenario) ?? FIRST_VERSION;
    const within = (least: number, most: number): number =>
      (calm ? least : least + chance.below(most - least)) * MINUTE;
    const regions = new Set([...world.clusters.values()].map(({ region }) => region));
    const ends = proposalOf(scenario) !== "patch";
    this.#changes = [...regions].flatMap((region): readonly Change[] => {
      const offered = world.now + within(20, 200);
      const ending = world.now + within(30, 200);
      const last = { at: ending + within(20, 200), region, kind: "ended" } as const;
      const end: readonly Change[] = ends ? [{ at: ending, region, kind: "ending" }, last] : [];
      return [{ at: offered, region, kind: "offered" }, ...end];
    });
  }

  /** Something is still to come. */
  get pending(): boolean {
    return this.#changes.length > 0;
  }

  /** Every region offers the newer version. */
  get offeredEverywhere(): boolean {
    return !this.#changes.some(({ kind }) => kind === "offered");
  }

  /** The region offers no version any more of which support has ended. */
  hasWithdrawn(region: string): boolean {
    return this.#offered.get(region)?.every(isSupported) ?? false;
  }

  async supportedVersions(_subscription: string, region: string): Promise<readonly string[]> {
    return this.#offered.get(region) ?? [FIRST_VERSION];
  }

  bringAbout(world: World, events: EventGrid): void {
    const due = this.#changes.filter(({ at }) => at <= world.now);
    if (due.length === 0) return;
    this.#changes = this.#changes.filter((change) => !due.includes(change));
    for (const { region, kind } of due) {
      const offered = this.#offered.get(region) ?? [FIRST_VERSION];
      if (kind === "offered") this.#offered.set(region, [...offered, this.#newer]);
      if (kind === "ended") this.#offered.set(region, offered.filter(isSupported));
      for (const cluster of world.clusters.values()) {
        if (cluster.region === region) events.push(told(kind, cluster.id));
      }
    }
  }
}

function isSupported(version: string): boolean {
  return !version.startsWith(`${ENDING}.`);
}

const TYPES: Readonly<Record<Change["kind"], string>> = {
  offered: "NewKubernetesVersionAvailable",
  ending: "ClusterSupportEnding",
  ended: "ClusterSupportEnded",
};

function told(kind: Change["kind"], source: string) {
  const type = `Microsoft.ContainerService.${TYPES[kind]}`;
  const data = kind === "offered" ? {} : { kubernetesVersion: ENDING };
  return { trigger: "kubernetes-version", event: { type, source, data } } as const;
}
