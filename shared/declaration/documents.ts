import * as z from "zod/mini";
import { VERSION_FORMS } from "../core/node-image.ts";
import { byDefault, duration, field, named } from "./field.ts";
import { StageVerification, StrategySpec } from "./stage.ts";

export { OUR_GATE_PREFIX } from "./stage.ts";
export type { Gate, UpdateStage } from "./stage.ts";
export type { StageVerification, StrategySpec };

export const API_VERSION = "fleetwright.dev/v1alpha1";

const header = <Kind extends string>(kind: Kind) => ({
  $schema: z.exactOptional(field(z.string(), "JSON Schema of this file, for editors of JSON.")),
  apiVersion: field(z.literal(API_VERSION), "Version of the document's form."),
  kind: field(z.literal(kind), "What the document declares."),
});

export const UpdateStrategy = field(
  z.strictObject({
    ...header("UpdateStrategy"),
    metadata: z.strictObject({ name: named("Name by which releases refer to the strategy.") }),
    spec: field(
      StrategySpec,
      "The stages in Fleet's own JSON, as az fleet updatestrategy --stages reads them.",
    ),
    verification: z.exactOptional(
      field(z.record(z.string(), StageVerification), "What Fleetwright verifies, by stage name."),
    ),
  }),
  "In which order the members of a fleet are upgraded, and what must be proved in between.",
  { title: "Fleetwright UpdateStrategy" },
);
export type UpdateStrategy = z.infer<typeof UpdateStrategy>;

/** For editors; the lint says the same in words. */
const PATCH_TO_UPGRADE = {
  if: {
    properties: { upgradeType: { enum: ["Full", "ControlPlaneOnly"] } },
    required: ["upgradeType"],
  },
  // A keyword of JSON Schema; nobody awaits it.
  // oxlint-disable-next-line unicorn/no-thenable
  then: {
    properties: { kubernetesVersion: { pattern: String.raw`^\d+\.\d+\.\d+$` } },
    required: ["kubernetesVersion"],
  },
};

export const Release = field(
  z.strictObject({
    ...header("Release"),
    metadata: z.strictObject({
      name: named("Name of the environment that this release is for."),
      generation: field(
        z.int().check(z.gte(1)),
        "Grows by one with each change: every generation is an update run of its own.",
      ),
    }),
    spec: field(
      z.strictObject({
        strategy: z.strictObject({
          name: named(
            "Name of the declared update strategy, or one-by-one: the members of the fleet one after the other, in one stage.",
          ),
          digest: z.exactOptional(
            field(
              z.string(),
              "Digest of the strategy that was promoted: an edited strategy is refused until it is promoted too.",
              { pattern: "^sha256:[0-9a-f]{64}$" },
            ),
          ),
        }),
        upgradeType: field(
          byDefault(z.enum(["NodeImageOnly", "Full", "ControlPlaneOnly"]), "NodeImageOnly"),
          "What the update run changes. NodeImageOnly leaves the Kubernetes version alone (kubernetesVersion then only records it); Full and ControlPlaneOnly upgrade to kubernetesVersion.",
        ),
        kubernetesVersion: z.exactOptional(
          field(z.string(), "Kubernetes version, quoted and with its patch: 1.33.5.", {
            pattern: String.raw`^\d+\.\d+(\.\d+)?$`,
            examples: ["1.33.5"],
          }),
        ),
        nodeImageSelection: z.exactOptional(
          field(
            z.enum(["Latest", "Consistent", "Custom"]),
            "Which node images the run brings. Custom, the default: exactly those under nodeImages. Consistent: the newest that all regions have when the run starts. Latest: the newest of each region, so that clusters may come to differ.",
          ),
        ),
        nodeImages: z.exactOptional(
          field(
            z.record(
              z.string(),
              field(z.string(), "All of the version: 202607.09.0, of Windows 20348.3207.250214.", {
                pattern: String.raw`^\d+(\.\d+){2,}$`,
                examples: ["202607.09.0"],
              }),
            ),
            "Exact node image version by image family, such as AKSUbuntu-2404gen2containerd: 202607.09.0.",
            { patternProperties: imageVersionPatterns() },
          ),
        ),
        from: z.exactOptional(
          field(
            z.strictObject({
              environment: named("Environment in which this was proved."),
              generation: field(z.int().check(z.gte(1)), "Its release's generation."),
            }),
            "Where the release was promoted from.",
          ),
        ),
      }),
      "What is run, and where it was promoted from.",
      PATCH_TO_UPGRADE,
    ),
  }),
  "What an environment runs: the only file that a promotion changes.",
  { title: "Fleetwright Release" },
);
export type Release = z.infer<typeof Release>;

/** Of the families whose form is known, for editors. */
function imageVersionPatterns(): Readonly<Record<string, object>> {
  return Object.fromEntries(
    VERSION_FORMS.map(({ families, pattern, example }) => [
      families.source,
      { type: "string", pattern: pattern.source, examples: [example] },
    ]),
  );
}

const Member = z.strictObject({
  name: field(z.string(), "Name of the fleet member."),
  group: named("Update group that the member belongs to."),
});

const Environment = z.strictObject({
  name: named("Name of the environment; its release has the same name."),
  fleet: field(
    z.string(),
    "ARM id of the fleet: /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.ContainerService/fleets/<name>.",
  ),
  members: field(
    byDefault(
      z.union([z.literal("fleet"), z.array(Member)], {
        error: 'must be "fleet" or a list of {name, group}',
      }),
      "fleet",
    ),
    'fleet: the members\' update groups are kept elsewhere and only checked. A list: "strategy apply" keeps them.',
  ),
  promotesFrom: z.exactOptional(
    named("Environment whose proved releases are promoted to this one."),
  ),
  groups: field(
    byDefault(z.record(z.string(), z.string()), {}),
    "Update group of this environment's fleet for each group that strategies name; others keep their name.",
  ),
  access: field(
    z.prefault(
      z.strictObject({
        unreachable: field(
          byDefault(z.enum(["human", "fail"]), "human"),
          "When a cluster's nodes cannot be seen. human: the gate is left to a person. fail: the check fails.",
        ),
      }),
      {},
    ),
    "How the clusters are reached.",
  ),
  approvers: field(
    byDefault(z.array(z.string()), []),
    "GitHub teams or people who are asked when a gate is left to a person.",
  ),
  nodeImage: field(
    z.prefault(
      z.strictObject({
        soak: byDefault(duration("How long a proved release soaks before it is promoted."), "0s"),
        allRegions: field(
          byDefault(z.boolean(), true),
          "Propose a node image only when all regions of the environment have it.",
        ),
        whileSoaking: field(
          byDefault(z.literal("queue"), "queue"),
          "While a release soaks in the environment that this one is promoted from, no newer image or Kubernetes version is proposed there.",
        ),
      }),
      {},
    ),
    "How new node images are proposed.",
  ),
  kubernetes: field(
    z.prefault(
      z.strictObject({
        propose: field(
          byDefault(z.enum(["manual", "patch", "minor"]), "manual"),
          "Which new Kubernetes versions are proposed by pull request.",
        ),
      }),
      {},
    ),
    "How new Kubernetes versions are proposed.",
  ),
});
export type Environment = z.infer<typeof Environment>;

const Freeze = z.strictObject({
  name: field(z.string(), "Why nothing is upgraded then."),
  from: field(z.string(), "First day, 2026-12-18, or first moment, 2026-12-18T18:00."),
  to: field(z.string(), "Last day, inclusive, or the moment at which the freeze ends."),
  timezone: field(byDefault(z.string(), "UTC"), "IANA time zone, such as Europe/Berlin."),
});

export const Workspace = field(
  z.strictObject({
    ...header("Workspace"),
    metadata: z.exactOptional(z.strictObject({ name: named("Name of the workspace.") })),
    spec: z.strictObject({
      repository: field(
        z.prefault(
          z.strictObject({
            branch: field(byDefault(z.string(), "main"), "Branch that declares what runs."),
          }),
          {},
        ),
        "The repository that holds these files.",
      ),
      freezes: field(
        byDefault(z.array(Freeze), []),
        "Times in which no update run is started in any environment.",
      ),
      snapshots: field(
        z.prefault(
          z.strictObject({
            capture: field(
              byDefault(z.array(z.enum(["outgoing", "proven"])), ["outgoing", "proven"]),
              "outgoing: what a node pool ran before a run. proven: what it runs after its nodes were verified.",
            ),
            keep: field(
              byDefault(z.int().check(z.gte(1)), 4),
              "Snapshots to keep of each node pool and kind.",
            ),
            resourceGroup: z.exactOptional(
              field(z.string(), "Resource group of the snapshots; by default the cluster's own."),
            ),
          }),
          {},
        ),
        "Node pool snapshots.",
      ),
      environments: field(z.array(Environment), "Environments, first to last."),
    }),
  }),
  "The environments and what holds for all of them. One per repository.",
  { title: "Fleetwright Workspace" },
);
export type Workspace = z.infer<typeof Workspace>;
