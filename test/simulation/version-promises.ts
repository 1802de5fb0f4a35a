import type { SimIssue } from "./github.ts";
import type { Simulation } from "./simulate.ts";
import { ENDING, lastVersion, newVersion, proposalOf } from "./versions.ts";

const AVAILABLE = "<!-- fleetwright:kubernetes environment=prod cause=available -->";
const SUPPORT = `<!-- fleetwright:support environment=prod cause=${ENDING} -->`;

/** Where nobody takes the version, what is told of it stays true, and its issues open. */
export function isLasting({ scenario }: Simulation, { body }: SimIssue): boolean {
  const isTold = body.includes(AVAILABLE) || body.includes(SUPPORT);
  return proposalOf(scenario) === "manual" && isTold;
}

/** What may be so for a while only, until a look that gets through has put it right. */
export function wrongOfVersions(simulation: Simulation): readonly string[] {
  const { versions, scenario, gitHub } = simulation;
  if (!versions) return [];
  const version = newVersion(scenario);
  const told =
    proposalOf(scenario) === "manual"
      ? gitHub.issues.some(({ body, state }) => state === "open" && body.includes(AVAILABLE))
      : proposals(simulation).length > 0;
  const untold = versions.offeredEverywhere && !told ? [`nobody was told of ${version}`] : [];
  return [...untold, ...wrongWarnings(simulation)];
}

/** One proposal for a version, whatever became of the first one. */
export function isProposedTwice(simulation: Simulation): boolean {
  return proposals(simulation).length > 1;
}

/** Nothing is to come, everything runs what it shall, and the issues say so. */
export function areVersionsSettled(simulation: Simulation): boolean {
  const { versions, scenario, world } = simulation;
  if (!versions) return true;
  const wanted = lastVersion(scenario);
  const running = [...world.clusters.values()].map(({ kubernetesVersion }) => kubernetesVersion);
  return (
    !versions.pending &&
    running.every((version) => version === wanted) &&
    wrongOfVersions(simulation).length === 0
  );
}

function proposals({ gitHub, scenario }: Simulation) {
  return gitHub.pulls.filter(({ title }) => title === `prod: Kubernetes ${newVersion(scenario)}`);
}

function wrongWarnings({ versions, world, gitHub }: Simulation): readonly string[] {
  const lines = gitHub.issues
    .filter(({ state, body }) => state === "open" && body.includes(SUPPORT))
    .flatMap(({ body }) => body.split("\n"));
  return [...world.clusters.values()].flatMap(({ name, region, kubernetesVersion }) => {
    if (!kubernetesVersion.startsWith(`${ENDING}.`)) return [];
    const warnings = lines.filter((line) => line.startsWith(`- ${name}: ${ENDING}`));
    const ended = versions?.hasWithdrawn(region) === true;
    const untold = ended && !warnings.some((line) => line.endsWith(", support ended"));
    return [
      ...(warnings.length > 1 ? [`${name} is warned of twice`] : []),
      ...(untold ? [`nobody was told that the support of ${name} has ended`] : []),
    ];
  });
}
