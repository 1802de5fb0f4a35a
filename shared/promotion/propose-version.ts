import { compareVersions } from "../core/node-image.ts";
import { withKubernetesVersion } from "../declaration/edit.ts";
import { keepIssue, type KeepIssueDeps } from "../quarantine/keep-issue.ts";
import { subscriptionsOf } from "../snapshot/fleet-clusters.ts";
import type { ManagedCluster } from "../snapshot/ports.ts";
import { findVersion, type ProposeMode, type VersionCandidate } from "./kubernetes-version.ts";
import type { DeclarationRepository, KubernetesVersions } from "./ports.ts";

export interface ProposeVersionDeps extends KeepIssueDeps {
  readonly repository: DeclarationRepository;
}

export interface VersionTarget {
  readonly environment: string;
  readonly mode: ProposeMode;
  /** Something soaks there for the next environment: no proposal supersedes it. */
  readonly soaks: boolean;
  readonly clusters: readonly ManagedCluster[];
  /** Versions by region, as `offeredIn` read them. */
  readonly offered: ReadonlyMap<string, readonly string[]>;
  readonly release: {
    readonly name: string;
    readonly file: string;
    readonly text: string;
    /** Where the text stands. */
    readonly commit: string;
    readonly generation: number;
    /** Undefined: the release does not say; then the oldest cluster does. */
    readonly kubernetesVersion: string | undefined;
  };
}

/**
 * Brings an environment that takes versions first up to date: a pull request when the environment wants
 * one proposed, otherwise one issue that says what there is. Both are brought up to date, never doubled.
 */
export async function proposeVersion(
  deps: ProposeVersionDeps,
  target: VersionTarget,
): Promise<VersionCandidate | undefined> {
  const current = currentVersion(target);
  if (current === undefined) return undefined;
  const candidate = findVersion(current, [...target.offered.values()], target.mode);
  await tell(deps, target, candidate?.kind === "tell" ? { current, ...candidate } : undefined);
  if (candidate?.kind !== "propose") return candidate;
  if (target.soaks) return { ...candidate, kind: "queue" };
  await propose(deps, target, current, candidate.version);
  return candidate;
}

function currentVersion({ release, clusters }: VersionTarget): string | undefined {
  const running = clusters.map(({ kubernetesVersion }) => kubernetesVersion);
  return release.kubernetesVersion ?? running.filter(Boolean).toSorted(compareVersions)[0];
}

/** What each region of some clusters offers. One request per region: a version is offered by region, not by cluster. */
export async function offeredIn(
  versions: KubernetesVersions,
  clusters: readonly ManagedCluster[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const [subscription] = subscriptionsOf(clusters.map(({ id }) => id));
  if (subscription === undefined) return new Map();
  const regions = [...new Set(clusters.map(({ location }) => location))];
  const read = async (region: string) =>
    [region, await versions.supportedVersions(subscription, region)] as const;
  return new Map(await Promise.all(regions.map(read)));
}

async function propose(
  { repository }: ProposeVersionDeps,
  { environment, release, clusters }: VersionTarget,
  current: string,
  version: string,
): Promise<void> {
  await repository.propose({
    branch: `fleetwright/${environment}/kubernetes`,
    title: `${environment}: Kubernetes ${version}`,
    body: [
      `<!-- fleetwright:kubernetes environment=${environment} -->`,
      `**${environment}** can move from Kubernetes ${current} to ${version}: all regions of its ${clusters.length} clusters support it.`,
      "Merging changes the release to `upgradeType: Full`; the update run then follows the declared strategy, stage by stage.",
      "",
      "A new minor version may bring another node image family: `strategy` with `operation: lint`, and the run's verification,",
      "name pools whose family is not pinned. AKS does not take a Kubernetes version back.",
    ].join("\n"),
    labels: ["fleetwright", "kubernetes"],
    basedOn: release.commit,
    files: {
      [release.file]: withKubernetesVersion(release.text, {
        release: release.name,
        kubernetesVersion: version,
        generation: release.generation + 1,
      }),
    },
  });
}

async function tell(
  deps: ProposeVersionDeps,
  { environment }: VersionTarget,
  found: { readonly current: string; readonly version: string } | undefined,
): Promise<void> {
  const marker = `<!-- fleetwright:kubernetes environment=${environment} cause=available -->`;
  const body = found && [
    marker,
    `Kubernetes ${found.version} is available for **${environment}**, which runs ${found.current}.`,
    "",
    `Nobody asked for a pull request (\`kubernetes: {propose: …}\` of the environment in fleetwright.yaml). To take it, set`,
    "`spec.kubernetesVersion` and `upgradeType: Full` in the release. This issue closes by itself.",
  ];
  await keepIssue(deps, {
    partition: "kubernetes",
    row: `available:${environment}`,
    marker,
    text: found && {
      title: `${environment}: Kubernetes ${found.version} is available`,
      body: body?.join("\n") ?? "",
    },
    labels: ["fleetwright", "kubernetes"],
    closing: "The environment has it, or it is proposed by pull request.",
  });
}
