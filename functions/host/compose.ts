import type { InvocationContext } from "@azure/functions";
import type { TokenCredential } from "@azure/identity";
import { systemClock } from "../../shared/core/clock.ts";
import type { Logger } from "../../shared/core/logger.ts";
import type { StateStore } from "../../shared/core/state-store.ts";
import { createArmClient } from "../../shared/azure/arm-client.ts";
import {
  createClusterSubscriptions,
  parseDestination,
} from "../../shared/azure/cluster-subscriptions.ts";
import { createClusterInventory } from "../../shared/azure/clusters.ts";
import { azureCredential } from "../../shared/azure/credential.ts";
import { armEndpoint } from "../../shared/azure/environment.ts";
import { createEventPublisher } from "../../shared/azure/event-publisher.ts";
import { createFleetPort } from "../../shared/azure/fleet.ts";
import { createNodeReader } from "../../shared/azure/kubernetes.ts";
import { connectClusters } from "../../shared/azure/kubernetes-connection.ts";
import { createSnapshotPort } from "../../shared/azure/snapshots.ts";
import { createKeyVaultSigner } from "../../shared/azure/key-vault.ts";
import { createKubernetesVersions } from "../../shared/azure/kubernetes-versions.ts";
import { createWorkloadReader } from "../../shared/azure/kubernetes-workloads.ts";
import { createTableStateStore } from "../../shared/azure/state-store.ts";
import { createCheckPort } from "../../shared/github/checks.ts";
import { createInstallation } from "../../shared/github/app.ts";
import { createGitHubClient, type GitHubClient } from "../../shared/github/client.ts";
import { createIssueTracker } from "../../shared/github/issues.ts";
import { createRunReporter } from "../../shared/github/run-checks.ts";
import { createTeamChecks } from "../../shared/github/team-checks.ts";
import { createDeclarationRepository } from "../../shared/github/repository.ts";
import type { LookoutDeps } from "../../shared/promotion/lookout.ts";
import type { DeclarationRepository, KubernetesVersions } from "../../shared/promotion/ports.ts";
import type { ProposeDeps } from "../../shared/promotion/propose.ts";
import type { ClusterSubscriptionPort } from "../../shared/update-run/follow-members.ts";
import type { ReconcileDeps } from "../../shared/update-run/reconcile.ts";
import { readSettings, type Settings } from "./settings.ts";
import { noteInSpan } from "./telemetry.ts";
import { createWebhookNotifier } from "./webhook.ts";

/** Everything a handler may use: the ports of the shared concepts, on Azure and GitHub. */
export interface App extends ReconcileDeps, ProposeDeps, LookoutDeps {
  readonly repository: DeclarationRepository;
  /** Absent: nobody looks for Kubernetes versions. */
  readonly versions?: KubernetesVersions;
  /** Absent: the event subscriptions of clusters are not ours to keep. */
  readonly subscriptions?: ClusterSubscriptionPort;
}

/** Shown beside a gate that the functions approved. */
const IDENTITY = "fleetwright functions";

/** A handler has 30 s: what fails twice is left to the retry of Event Grid and to the sweep. */
const MAX_RETRIES = 1;

/** Clusters are asked many at a time; one that does not answer in time is `unknown`. */
const KUBERNETES_TIMEOUT_MILLISECONDS = 10_000;

let composed: Omit<App, "logger"> | undefined;

/** The app of this process, with the log of this invocation. */
export function compose(context: InvocationContext): App {
  composed ??= connect(readSettings(process.env));
  return { ...composed, logger: invocationLogger(context) };
}

/** What a process has by itself, and a test gives: who we are, whom we trust, where the state is. */
export interface Wires {
  readonly credential: TokenCredential;
  /** PEM of a certificate authority, instead of the machine's and NODE_EXTRA_CA_CERTS. */
  readonly ca?: string;
  readonly fetch?: typeof fetch;
  readonly store?: StateStore;
}

export function connect(
  settings: Settings,
  wires: Wires = { credential: azureCredential(settings.env) },
): Omit<App, "logger"> {
  const { env, repository } = settings;
  const { credential, ca } = wires;
  const arm = createArmClient({
    endpoint: armEndpoint(env),
    credential,
    role: "Fleetwright reactor",
    maxRetries: MAX_RETRIES,
    ...(ca === undefined ? {} : { ca }),
  });
  const kubernetes = { arm, credential, timeoutMs: KUBERNETES_TIMEOUT_MILLISECONDS };
  const clusters = connectClusters(kubernetes);
  const { octokit, author } = connectGitHub(settings, wires);
  const home = { octokit, owner: repository.owner, repo: repository.name };
  return {
    fleets: createFleetPort(arm),
    inventory: createClusterInventory(arm),
    snapshots: createSnapshotPort(arm),
    versions: createKubernetesVersions(arm),
    nodes: createNodeReader(kubernetes, clusters),
    workloads: createWorkloadReader(clusters),
    team: createTeamChecks(home),
    reporter: createRunReporter(home),
    store: wires.store ?? createTableStateStore(env, credential),
    publisher: createEventPublisher(settings.topicEndpoint, credential),
    repository: createDeclarationRepository(home),
    issues: createIssueTracker({ ...home, ...(author ? { author } : {}) }),
    checks: createCheckPort(home),
    clock: arm.clock,
    wallClock: systemClock,
    identity: IDENTITY,
    ...(settings.eventDestination
      ? {
          subscriptions: createClusterSubscriptions(
            arm,
            parseDestination(settings.eventDestination),
          ),
        }
      : {}),
    ...(settings.webhookUrl ? { notifier: createWebhookNotifier(settings.webhookUrl) } : {}),
  };
}

/** As an App where one is configured: its own rate limit, its own name, and a key that never leaves its vault. */
function connectGitHub(
  { env, github, repository }: Settings,
  { credential, ca, fetch }: Wires,
): { readonly octokit: GitHubClient; readonly author?: () => Promise<string> } {
  const options = fetch ? { fetch } : {};
  if (github.kind === "token") {
    return { octokit: createGitHubClient(env, { token: github.token, ...options }) };
  }
  const audience = env["AZURE_KEY_VAULT_AUDIENCE"];
  const signer = createKeyVaultSigner({
    url: github.keyUrl,
    credential,
    ...(ca === undefined ? {} : { ca }),
    ...(audience ? { audience } : {}),
  });
  const plain = createGitHubClient(env, { token: "", ...options });
  const { owner, name } = repository;
  const identity = { appId: github.appId, owner, repo: name, signer, now: Date.now };
  const installation = createInstallation(plain, identity);
  const octokit = createGitHubClient(env, { token: installation.tokens, ...options });
  return { octokit, author: () => installation.login() };
}

/** One structured line per thing told, in the log of the invocation. */
function invocationLogger(context: InvocationContext): Logger {
  const line = (message: string, fields: Readonly<Record<string, unknown>> = {}): string => {
    noteInSpan(message, fields);
    return JSON.stringify({ message, invocation: context.invocationId, ...fields });
  };
  return {
    info: (message, fields) => context.info(line(message, fields)),
    warn: (message, fields) => context.warn(line(message, fields)),
    error: (message, fields) => context.error(line(message, fields)),
  };
}
