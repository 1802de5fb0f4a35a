/**
 * What a schedule can bring about. A run of the simulation counts the seeds that saw each, and says so: a
 * fault that no seed draws, or an outcome that none reaches, is a hole in the test.
 */
export const SIGHTS = [
  // Event Grid
  "event lost",
  "event duplicated",
  "event delayed",
  "events reordered",
  "event redelivered",
  "event of a foreign resource",
  // Calls
  "429 throttled",
  "409 conflict",
  "412 precondition failed",
  "5xx before the effect",
  "5xx after the effect",
  "timeout before the effect",
  "timeout after the effect",
  "call repeated by the client",
  "nodes not to be seen",
  // Processes
  "killed before an effect",
  "killed between two effects",
  "killed after an effect",
  "two instances at once",
  "process stalled for minutes",
  "lease taken over",
  "clock jumped ahead",
  "clock jumped back",
  "timer skipped",
  "timer on two machines",
  // The world
  "image released mid-run",
  "image in one region first",
  "images overtook each other",
  "budget appeared mid-run",
  "event of a Kubernetes version lost",
  "budget forbade an eviction",
  "node quarantined",
  "node left behind uncordoned",
  "node never Ready",
  "node cordoned while soaking",
  // People
  "person closed an issue",
  "person stopped a run",
  "person skipped a member",
  "person skipped a wait",
  "person approved our gate",
  "person held a run",
  "person changed a run before its start",
  "person made a run of their own",
  "person merged while a run was under way",
  "job of the workflow killed",
  "two jobs at once",
  "job of an older commit run again",
  // Outcomes
  "gate approved by us",
  "gate held",
  "gate observed only",
  "team asked",
  "issue opened twice, and healed",
  "run failed",
  "run resumed",
  "run completed",
  "plan refused as changed",
  "start refused by the preflight",
  "start refused as overtaken",
  "issue opened",
  "issue opened again",
  "issue closed with proof",
  "pull request brought up to date",
  "proven snapshot taken",
  "outgoing snapshot taken",
  "notification sent",
  "message told again",
  "Kubernetes version proposed",
  "Kubernetes version taken",
  "Kubernetes version told in an issue",
  "end of support warned of",
] as const;

export type Sight = (typeof SIGHTS)[number];

/** What one seed saw. */
export type Sightings = Set<Sight>;

/** Seeds by sight. */
export class Coverage {
  readonly #seeds = new Map<Sight, number>(SIGHTS.map((sight) => [sight, 0]));

  add(seen: Iterable<Sight>): void {
    for (const sight of seen) this.#seeds.set(sight, (this.#seeds.get(sight) ?? 0) + 1);
  }

  /** Sums up what several processes counted. */
  merge(counts: Readonly<Record<string, number>>): void {
    for (const sight of SIGHTS) {
      this.#seeds.set(sight, (this.#seeds.get(sight) ?? 0) + (counts[sight] ?? 0));
    }
  }

  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#seeds);
  }

  get missing(): readonly Sight[] {
    return SIGHTS.filter((sight) => this.#seeds.get(sight) === 0);
  }
}
