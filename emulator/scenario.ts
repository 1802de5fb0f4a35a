import { parseDocument } from "yaml";
import { z } from "zod";
import { isCertificate } from "./entra/certificate-assertion.ts";
import { guidFrom } from "./guid.ts";

/**
 * What the emulator starts with: a YAML or JSON file, or the same object in process.
 *
 * ```yaml
 * subscription: 11111111-2222-3333-4444-555555555555   # default: a fixed GUID, as is tenant
 * start: 2026-07-01T08:00:00Z          # virtual time at the start; this is the default
 * seed: 7                              # of every drawn duration and id
 * rules: {surgeMode: batch}            # disputed points of Azure (Rules in shared/simulator/model.ts)
 * durations: {drain: {median: 60000, sigma: 0}}
 * kubernetesVersions: ["1.32.9", "1.33.5"]
 * throttling: false                    # the token buckets of ARM and AKS, with 429
 * images: [{region: westeurope, version: AKSUbuntu-2204gen2containerd-202606.16.0}]
 * quotas: [{region: westeurope, name: cores, limit: 100}]   # vCPUs; name: cores or a VM family
 * capacities: [{region: westeurope, vmSize: Standard_D4ds_v5, machines: 12}]   # what the region has at most
 * resourceGroups: [{name: harbour, location: westeurope}]   # those of clusters and fleets exist anyway
 * clusters:
 *   - name: quay-1
 *     resourceGroup: harbour
 *     location: westeurope
 *     kubernetesVersion: "1.33.5"
 *     autoUpgradeProfile: {upgradeChannel: none, nodeOSUpgradeChannel: None}   # the default
 *     networkProfile: {networkPlugin: azure, networkPluginMode: overlay}       # default: azure, pods in the subnet
 *     pools: [{name: system, mode: System, count: 3, vnetSubnetID: harbour/nodes}]   # NodePoolSpec; all but the name may be left out
 *     workloads: [{name: api, namespace: harbour, replicas: 3}]             # WorkloadSpec; kind: Deployment, DaemonSet or StatefulSet
 *     budgets: [{name: api, namespace: harbour, selector: {app: api}, maxUnavailable: 1}]
 * virtualNetworks:                     # `used`: addresses that others than these clusters hold
 *   - {name: harbour, resourceGroup: harbour, subnets: [{name: nodes, addressPrefix: 10.1.0.0/24, used: 3}]}
 * fleets:
 *   - {name: harbour, resourceGroup: harbour, location: westeurope, members: [{name: m1, cluster: quay-1, group: blue}]}
 * principals:                          # identities beside the owner; clientId is what a client signs in with
 *   - name: operator
 *     clientId: 99999999-0000-0000-0000-000000000001
 *     secret: s3cret                   # and/or federated: [{subject: "repo:o/r:environment:prod"}], certificate: PEM text
 *     roles:                           # the lists of a role definition, such as those of infra/roles
 *       - actions: ["Microsoft.ContainerService/fleets/*"]
 *         dataActions: [Microsoft.ContainerService/managedClusters/nodes/read]
 *         scope: /subscriptions/1111…
 * msi: operator                        # who the managed identity is; default: the owner of the subscription
 * ```
 */
const text = z.string().min(1);
const strings = z.record(z.string(), z.string());
const amount = z.union([z.int(), z.string()]);
const duration = z.strictObject({ median: z.number(), sigma: z.number() });

const UpgradeSettingsInput = z.strictObject({
  maxSurge: z.optional(z.coerce.string()),
  maxUnavailable: z.optional(z.coerce.string()),
  drainTimeoutInMinutes: z.optional(z.number()),
  nodeSoakDurationInMinutes: z.optional(z.number()),
  undrainableNodeBehavior: z.optional(z.enum(["Schedule", "Cordon"])),
  maxBlockedNodes: z.optional(z.coerce.string()),
});

const PoolInput = z.strictObject({
  name: text,
  mode: z.optional(z.enum(["System", "User"])),
  osType: z.optional(z.enum(["Linux", "Windows"])),
  osSku: z.optional(text),
  vmSize: z.optional(text),
  count: z.optional(z.int().min(0).max(1_000)),
  kubernetesVersion: z.optional(text),
  nodeImageVersion: z.optional(text),
  upgradeSettings: z.optional(UpgradeSettingsInput),
  upgradeStrategy: z.optional(z.enum(["Rolling", "BlueGreen"])),
  upgradeSettingsBlueGreen: z.optional(
    z.strictObject({
      drainBatchSize: z.optional(text),
      drainTimeoutInMinutes: z.optional(z.int()),
      batchSoakDurationInMinutes: z.optional(z.int()),
      finalSoakDurationInMinutes: z.optional(z.int()),
    }),
  ),
  nodeLabels: z.optional(strings),
  nodeTaints: z.optional(z.array(text)),
  maxPods: z.optional(z.int().min(10).max(250)),
  vnetSubnetID: z.optional(text),
  podSubnetID: z.optional(text),
  podIPAllocationMode: z.optional(z.enum(["DynamicIndividual", "StaticBlock"])),
});

const TolerationInput = z.strictObject({
  key: z.optional(text),
  operator: z.optional(text),
  value: z.optional(z.string()),
  effect: z.optional(text),
});

const WorkloadInput = z.strictObject({
  kind: z.optional(z.enum(["Deployment", "DaemonSet", "StatefulSet"])),
  namespace: z.optional(text),
  name: text,
  replicas: z.optional(z.int()),
  labels: z.optional(strings),
  nodeSelector: z.optional(strings),
  tolerations: z.optional(z.array(TolerationInput)),
  terminationGracePeriodSeconds: z.optional(z.number()),
});

const BudgetInput = z.strictObject({
  namespace: z.optional(text),
  name: text,
  selector: strings,
  minAvailable: z.optional(amount),
  maxUnavailable: z.optional(amount),
  labels: z.optional(strings),
  annotations: z.optional(strings),
});

const ClusterInput = z.strictObject({
  name: text,
  resourceGroup: text,
  location: text,
  kubernetesVersion: z.optional(text),
  tags: z.optional(strings),
  autoUpgradeProfile: z.optional(
    z.strictObject({ upgradeChannel: z.optional(text), nodeOSUpgradeChannel: z.optional(text) }),
  ),
  networkProfile: z.optional(
    z.strictObject({
      networkPlugin: z.optional(z.enum(["azure", "kubenet", "none"])),
      networkPluginMode: z.optional(z.enum(["overlay"])),
    }),
  ),
  pools: z.array(PoolInput).min(1),
  workloads: z.optional(z.array(WorkloadInput)),
  budgets: z.optional(z.array(BudgetInput)),
});

const FleetInput = z.strictObject({
  name: text,
  resourceGroup: text,
  location: text,
  members: z.optional(
    z.array(
      z.strictObject({
        name: text,
        cluster: text,
        group: z.optional(text),
        labels: z.optional(strings),
      }),
    ),
  ),
});

/** An IPv4 range with the sizes that a subnet may have. */
const ADDRESS_PREFIX = /^\d{1,3}(\.\d{1,3}){3}\/([2-9]|1\d|2\d)$/;

export function isAddressPrefix(text: string): boolean {
  return ADDRESS_PREFIX.test(text);
}

const NetworkInput = z.strictObject({
  name: text,
  resourceGroup: text,
  location: z.optional(text),
  subnets: z.array(
    z.strictObject({
      name: text,
      addressPrefix: z.string().regex(ADDRESS_PREFIX, "write it as 10.1.0.0/24, /2 to /29"),
      used: z.optional(z.int().min(0)),
    }),
  ),
});

const PrincipalInput = z.strictObject({
  name: text,
  clientId: z.guid(),
  objectId: z.optional(z.guid()),
  secret: z.optional(text),
  certificate: z.optional(
    z.string().refine(isCertificate, "write the PEM text of a certificate with an RSA key"),
  ),
  roles: z.optional(
    z.array(
      z.strictObject({
        actions: z.array(text),
        dataActions: z.optional(z.array(text)),
        scope: text,
      }),
    ),
  ),
  federated: z.optional(
    z.array(
      z.strictObject({ issuer: z.optional(text), subject: text, audience: z.optional(text) }),
    ),
  ),
});

const ScenarioInput = z.strictObject({
  subscription: z.optional(z.guid()),
  tenant: z.optional(z.guid()),
  start: z.optional(z.iso.datetime({ offset: true })),
  seed: z.optional(z.int()),
  rules: z.optional(
    z.strictObject({
      surgeMode: z.optional(z.enum(["batch", "pipeline", "single"])),
      poolOrder: z.optional(z.enum(["parallel", "serial"])),
      surgeExhausted: z.optional(z.enum(["stop", "continue"])),
      allowSnapshotDowngrade: z.optional(z.boolean()),
      allowCustomDowngrade: z.optional(z.boolean()),
      checkUnsatisfiableBudgets: z.optional(z.boolean()),
      quarantineFailsMember: z.optional(z.boolean()),
      skipFullAtVersion: z.optional(z.boolean()),
      expiredImageFailsMember: z.optional(z.boolean()),
      enforceQuotas: z.optional(z.boolean()),
      unsetLevelAllowsFailures: z.optional(z.boolean()),
    }),
  ),
  durations: z.optional(
    z.strictObject({
      controlPlane: z.optional(duration),
      surgeCreate: z.optional(duration),
      drain: z.optional(duration),
      reimage: z.optional(duration),
      surgeDelete: z.optional(duration),
      nodeCreate: z.optional(duration),
      evictionRetry: z.optional(duration),
    }),
  ),
  kubernetesVersions: z.optional(z.array(text).min(1)),
  throttling: z.optional(z.boolean()),
  images: z.optional(z.array(z.strictObject({ region: text, version: text }))),
  quotas: z.optional(z.array(z.strictObject({ region: text, name: text, limit: z.int().min(0) }))),
  capacities: z.optional(
    z.array(z.strictObject({ region: text, vmSize: text, machines: z.int().min(0) })),
  ),
  resourceGroups: z.optional(z.array(z.strictObject({ name: text, location: text }))),
  virtualNetworks: z.optional(z.array(NetworkInput)),
  clusters: z.optional(z.array(ClusterInput)),
  fleets: z.optional(z.array(FleetInput)),
  principals: z.optional(z.array(PrincipalInput)),
  msi: z.optional(text),
});

export type Scenario = z.infer<typeof ScenarioInput>;
export type ScenarioCluster = z.infer<typeof ClusterInput>;
export type ScenarioPool = z.infer<typeof PoolInput>;
export type ScenarioNetwork = z.infer<typeof NetworkInput>;
export type ScenarioFleet = z.infer<typeof FleetInput>;
export type ScenarioPrincipal = z.infer<typeof PrincipalInput>;

export const DEFAULT_SUBSCRIPTION = guidFrom("fleetwright subscription");
/** Fixed, so that a run can be repeated; and early enough for the images of the examples to be valid. */
export const DEFAULT_START = "2026-07-01T08:00:00Z";
export const DEFAULT_TENANT = guidFrom("fleetwright tenant");

/** What `fleetwright emulator` runs without a scenario: one cluster in one fleet. */
export const DEFAULT_SCENARIO: Scenario = {
  images: [{ region: "westeurope", version: "AKSUbuntu-2204gen2containerd-202606.16.0" }],
  clusters: [
    {
      name: "cluster-1",
      resourceGroup: "demo",
      location: "westeurope",
      kubernetesVersion: "1.33.5",
      pools: [{ name: "nodepool1", count: 3 }],
      workloads: [{ name: "web", namespace: "default", replicas: 3 }],
      budgets: [{ name: "web", selector: { app: "web" }, maxUnavailable: 1 }],
    },
  ],
  fleets: [
    {
      name: "fleet-1",
      resourceGroup: "demo",
      location: "westeurope",
      members: [{ name: "cluster-1", cluster: "cluster-1", group: "group-1" }],
    },
  ],
};

/** Every problem of a scenario, one line each: `file: field: what is wrong`. */
export class ScenarioError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "ScenarioError";
    this.problems = problems;
  }
}

/** Parses the text of a scenario file; throws ScenarioError. */
export function parseScenario(source: string, file: string): Scenario {
  const document = parseDocument(source);
  const broken = document.errors.map((error) => `${file}: ${error.message.split("\n", 1)[0]}`);
  if (broken.length > 0) throw new ScenarioError(broken);
  return validateScenario(document.toJS(), file);
}

/** Checks shape and references of a scenario; throws ScenarioError. */
export function validateScenario(value: unknown, file: string): Scenario {
  const parsed = ScenarioInput.safeParse(value ?? {});
  if (!parsed.success) {
    throw new ScenarioError(
      parsed.error.issues.map((issue) => `${file}: ${fieldName(issue.path)}: ${issue.message}`),
    );
  }
  const dangling = danglingReferences(parsed.data).map((problem) => `${file}: ${problem}`);
  if (dangling.length > 0) throw new ScenarioError(dangling);
  return parsed.data;
}

function danglingReferences(scenario: Scenario): string[] {
  const clusters = new Set(scenario.clusters?.map((cluster) => cluster.name.toLowerCase()));
  const members = (scenario.fleets ?? []).flatMap((fleet, index) =>
    (fleet.members ?? []).map((member, at) => ({
      member,
      field: `fleets[${index}].members[${at}]`,
    })),
  );
  const problems = members
    .filter(({ member }) => !clusters.has(clusterName(member.cluster)))
    .map(({ member, field }) => `${field}.cluster: there is no cluster ${member.cluster}`);
  problems.push(...absentSubnets(scenario));
  const { msi } = scenario;
  if (msi !== undefined && !scenario.principals?.some(({ name }) => name === msi)) {
    problems.push(`msi: there is no principal ${msi}`);
  }
  return problems;
}

function absentSubnets(scenario: Scenario): string[] {
  return (scenario.clusters ?? []).flatMap(({ pools }, index) =>
    pools.flatMap((pool, at) =>
      (["vnetSubnetID", "podSubnetID"] as const).flatMap((field) => {
        const wanted = pool[field];
        if (wanted === undefined || subnetNamed(scenario, wanted) !== undefined) return [];
        return [`clusters[${index}].pools[${at}].${field}: there is no subnet ${wanted}`];
      }),
    ),
  );
}

/** A subnet given as `network/subnet`, or by its ARM id. */
export function subnetNamed(
  { virtualNetworks }: Scenario,
  name: string,
): { readonly network: ScenarioNetwork; readonly subnet: string } | undefined {
  const parts = name.toLowerCase().split("/");
  const [wantedNetwork, wanted] = [parts.at(name.startsWith("/") ? -3 : -2), parts.at(-1)];
  const network = virtualNetworks?.find((one) => one.name.toLowerCase() === wantedNetwork);
  const subnet = network?.subnets.find((one) => one.name.toLowerCase() === wanted);
  return network && subnet && { network, subnet: subnet.name };
}

/** The name of a cluster given by name or ARM id. */
export function clusterName(nameOrId: string): string {
  return (nameOrId.split("/").at(-1) ?? nameOrId).toLowerCase();
}

function fieldName(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "scenario";
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
}
