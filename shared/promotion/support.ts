import { armKey, parseArmId, type ArmId } from "../core/arm-id.ts";
import { escapeMarkdown } from "../core/markdown.ts";
import { compareVersions } from "../core/node-image.ts";
import type { StateStore } from "../core/state-store.ts";
import { keepIssue, openIssues, type KeepIssueDeps } from "../quarantine/keep-issue.ts";
import type { ManagedCluster } from "../snapshot/ports.ts";
import { minorOf } from "./kubernetes-version.ts";

/** What Azure told of the support of a cluster's Kubernetes version; it tells this by event alone. */
export interface SupportNotice {
  readonly cluster: ArmId;
  readonly kubernetesVersion: string;
  readonly state: "ending" | "ended";
}

const PARTITION = "support";

/**
 * One row for each cluster and minor version; `ended` is never taken back by a late `ending`.
 *
 * @returns whether it was news.
 */
export async function recordSupport(store: StateStore, notice: SupportNotice): Promise<boolean> {
  const row = rowOf(notice);
  if (await store.insert(PARTITION, row, notice)) return true;
  const known = await store.get<SupportNotice>(PARTITION, row);
  if (!known || known.value.state === notice.state || notice.state === "ending") return false;
  return (await store.replace(PARTITION, row, notice, known.etag)) !== undefined;
}

function rowOf({ cluster, kubernetesVersion }: SupportNotice): string {
  return `${armKey(cluster)}:${minorOf(kubernetesVersion)}`;
}

/**
 * Records what an event failed to tell: a minor version older than all that the region offers is out of support.
 * That support will end, Azure tells by event alone.
 *
 * @param offered versions by region.
 * @returns whether it was news.
 */
export async function recordWithdrawn(
  store: StateStore,
  clusters: readonly ManagedCluster[],
  offered: ReadonlyMap<string, readonly string[]>,
): Promise<boolean> {
  const notices = clusters
    .filter((cluster) => isWithdrawn(cluster, offered.get(cluster.location) ?? []))
    .map(
      ({ id, kubernetesVersion }) => ({ cluster: id, kubernetesVersion, state: "ended" }) as const,
    );
  if (notices.length === 0) return false;
  const rows = await store.list<SupportNotice>(PARTITION);
  const known = new Set(rows.filter(({ value }) => value.state === "ended").map(({ row }) => row));
  let news = false;
  for (const notice of notices.filter((one) => !known.has(rowOf(one)))) {
    news = (await recordSupport(store, notice)) || news;
  }
  return news;
}

function isWithdrawn({ kubernetesVersion }: ManagedCluster, offered: readonly string[]): boolean {
  const [oldest] = offered.map(minorOf).toSorted(compareVersions);
  return (
    kubernetesVersion !== "" &&
    oldest !== undefined &&
    compareVersions(minorOf(kubernetesVersion), oldest) < 0
  );
}

/** Clusters named in one issue; the rest is counted. */
const MAX_LISTED = 50;

/** One warning issue for each environment and minor version, open while a cluster still runs it. */
export async function warnOfSupport(
  deps: KeepIssueDeps,
  environment: string,
  clusters: readonly ManagedCluster[],
): Promise<void> {
  const partition = `support-issues:${environment}`;
  const running = new Map(clusters.map((cluster) => [armKey(cluster.id), cluster]));
  const notices = (await deps.store.list<SupportNotice>(PARTITION))
    .map(({ value }) => value)
    .filter(({ cluster, kubernetesVersion }) => {
      const found = running.get(armKey(cluster));
      return found && minorOf(found.kubernetesVersion) === minorOf(kubernetesVersion);
    });
  const minors = new Set(notices.map(({ kubernetesVersion }) => minorOf(kubernetesVersion)));
  for (const minor of new Set([...minors, ...(await openIssues(deps.store, partition))])) {
    const about = notices.filter(({ kubernetesVersion }) => minorOf(kubernetesVersion) === minor);
    const marker = `<!-- fleetwright:support environment=${environment} cause=${minor} -->`;
    await keepIssue(deps, {
      partition,
      row: minor,
      marker,
      text: about.length > 0 ? renderWarning(environment, minor, marker, about) : undefined,
      labels: ["fleetwright", "kubernetes-support"],
      closing: `No cluster of ${environment} runs Kubernetes ${minor} any more.`,
    });
  }
}

function renderWarning(
  environment: string,
  minor: string,
  marker: string,
  notices: readonly SupportNotice[],
): { readonly title: string; readonly body: string } {
  const ended = notices.some(({ state }) => state === "ended");
  const rest = notices.length - MAX_LISTED;
  return {
    title: `${environment}: Kubernetes ${minor} ${ended ? "is out of support" : "soon loses support"}`,
    body: [
      marker,
      `Azure says that ${notices.length === 1 ? "a cluster" : `${notices.length} clusters`} of **${environment}** ` +
        `${ended ? "run a version that is out of support: its upgrades and repairs are refused or at your own risk" : "will soon run a version without support"}.`,
      "",
      ...notices
        .slice(0, MAX_LISTED)
        .map(
          ({ cluster, kubernetesVersion, state }) =>
            `- ${escapeMarkdown(parseArmId(cluster).name)}: ${escapeMarkdown(kubernetesVersion)}, support ${state}`,
        ),
      ...(rest > 0 ? [`- and ${rest} more`] : []),
      "",
      `Raise \`spec.kubernetesVersion\` in the release of ${environment}, with \`upgradeType: Full\`. This issue closes by itself.`,
    ].join("\n"),
  };
}
