import {
  gateChanged,
  kubernetesVersionChanged,
  nodeImageReleased,
  nodePoolRolled,
  swept,
} from "../../functions/host/asked.ts";
import type { App } from "../../functions/host/compose.ts";
import { detectImages } from "../../functions/host/detect-images.ts";
import type { Logger } from "../../shared/core/logger.ts";
import { createCheckPort } from "../../shared/github/checks.ts";
import { createRunReporter } from "../../shared/github/run-checks.ts";
import { createTeamChecks } from "../../shared/github/team-checks.ts";
import { createIssueTracker } from "../../shared/github/issues.ts";
import { createDeclarationRepository } from "../../shared/github/repository.ts";
import type { Notifier } from "../../shared/core/outbox.ts";
import type { KubernetesVersions } from "../../shared/promotion/ports.ts";
import type { NodeReader } from "../../shared/quarantine/ports.ts";
import { Account, BUDGETS } from "./budget.ts";
import type { GitHub } from "./github.ts";
import type { Cloud } from "./cloud.ts";
import type { Delivery, EventGrid } from "./events.ts";
import { azureError, Killed, Process, type Service, type Surroundings } from "./process.ts";
import type { SimStore } from "./store.ts";
import type { Told } from "./told.ts";
import type { Versions } from "./versions.ts";

/** Told each line of the log; absent: none is made. */
export type Trace = ((line: string) => void) | undefined;

export interface Backends {
  readonly cloud: Cloud;
  readonly gitHub: GitHub;
  readonly store: SimStore;
  readonly events: EventGrid;
  readonly told: Told;
  /** Absent where no version comes or goes. */
  readonly versions: Versions | undefined;
  readonly now: () => number;
  readonly trace: Trace;
}

const NONE: ReadonlySet<string> = new Set();

/** `retries`: a handler's client repeats once, so that it ends in time (functions/host/compose.ts). */
export const ARM: Service = {
  name: "ARM",
  retries: 1,
  writes: new Set([
    "approveGate",
    "createSnapshot",
    "createRun",
    "createStrategy",
    "startRun",
    "stopRun",
    "skip",
  ]),
  conditional: new Set(["approveGate", "startRun", "createRun", "createStrategy"]),
  early: [429, 409, 503, 0],
  error: azureError,
};
const KUBERNETES: Service = {
  name: "Kubernetes",
  retries: 1,
  writes: NONE,
  conditional: NONE,
  early: [429, 503, 0],
  error: azureError,
};
/** What a row says to an ETag or to a second insert is an answer, which the store itself gives. */
const TABLES: Service = {
  name: "tables",
  retries: 1,
  writes: new Set(["insert", "replace", "remove"]),
  conditional: NONE,
  early: [503, 0],
  error: azureError,
};
const TOPIC: Service = {
  name: "Event Grid",
  retries: 1,
  writes: new Set(["publish"]),
  conditional: NONE,
  early: [429, 503, 0],
  error: azureError,
};

const WEBHOOK: Service = {
  name: "webhook",
  retries: 0,
  writes: new Set(["send"]),
  conditional: NONE,
  early: [429, 503, 0],
  error: azureError,
};

const MINUTE = 60_000;
/** A clock of a machine that is set right may go this far either way. */
const CLOCK_JUMP = 10 * MINUTE;

/** One process that hosts the functions: composed once, as functions/host/compose.ts does, until it dies. */
export class Instance {
  readonly process: Process;
  readonly app: App;
  readonly account = new Account(BUDGETS.invocation);
  /** What this machine's clock is off by. */
  skew = 0;

  constructor(backends: Backends, around: Surroundings, calls?: "unlimited") {
    this.process = new Process(around, calls ? undefined : this.account);
    this.app = compose(backends, around, this);
  }

  jumpClock({ chance, seen }: Surroundings): void {
    this.skew = Math.round((chance.draw() - 0.5) * 2 * CLOCK_JUMP);
    seen.add(this.skew > 0 ? "clock jumped ahead" : "clock jumped back");
  }
}

function compose(backends: Backends, around: Surroundings, instance: Instance): App {
  const { cloud, events, store, gitHub, now, versions } = backends;
  const { process } = instance;
  const home = gitHub.client(process);
  return {
    fleets: process.wrap(cloud.fleets("functions"), ARM),
    inventory: process.wrap(cloud.inventory, ARM),
    snapshots: process.wrap(cloud.snapshots, ARM),
    nodes: nodeReader(process.wrap(cloud.nodes, KUBERNETES), around),
    store: process.wrap<App["store"]>(store, TABLES),
    publisher: process.wrap(
      {
        publish: async ([data]) => {
          const type = "Fleetwright.NodeImageReleased";
          events.push({ trigger: "node-image", event: { type, data } });
        },
      },
      TOPIC,
    ),
    repository: createDeclarationRepository(home),
    ...(versions && { versions: offers(versions, process) }),
    workloads: process.wrap(cloud.workloads, KUBERNETES),
    team: createTeamChecks(home),
    reporter: createRunReporter(home),
    issues: createIssueTracker(home),
    checks: createCheckPort(home),
    clock: { now },
    wallClock: { now: () => now() + instance.skew },
    identity: "fleetwright functions",
    notifier: notifier(backends, process, around),
    logger: tracingLogger(backends),
  };
}

function offers(versions: Versions, process: Process): KubernetesVersions {
  const supportedVersions: KubernetesVersions["supportedVersions"] = (...place) =>
    versions.supportedVersions(...place);
  return process.wrap({ supportedVersions }, ARM);
}

/** Reads that fail are an answer of their own, as the product's adapter gives it. */
function nodeReader(wrapped: NodeReader, { chance, seen, luck }: Surroundings): NodeReader {
  return {
    ...wrapped,
    async readNodes(cluster) {
      if (chance.happens(luck().nodesUnseen)) {
        seen.add("nodes not to be seen");
        return { visible: false, reason: "a drawn fault" };
      }
      try {
        return await wrapped.readNodes(cluster);
      } catch (error) {
        if (error instanceof Killed) throw error;
        return { visible: false, reason: String(error) };
      }
    },
  };
}

/** A webhook that sometimes refuses, and sometimes does not say what became of the message. */
function notifier({ told }: Backends, process: Process, { seen }: Surroundings): Notifier {
  return {
    async send({ id, text }) {
      try {
        await process.call(WEBHOOK, "send", () => told.receive(id, text, process));
        seen.add("notification sent");
        return { delivered: true };
      } catch (error) {
        if (error instanceof Killed) throw error;
        return { delivered: false, reason: "a drawn fault" };
      }
    },
  };
}

function tracingLogger({ trace, now }: Backends): Logger {
  const tell = (message: string, fields = {}): void =>
    trace?.(`${new Date(now()).toISOString()} ${message} ${JSON.stringify(fields)}`);
  return { info: tell, warn: tell, error: tell };
}

/** A timer's or an event's work, as the triggers do it. */
export type Work = (app: App) => Promise<void>;

export const TIMERS: Readonly<Record<"sweep" | "detect", Work>> = {
  sweep: swept,
  detect: detectImages,
};

export function workOf(delivery: Delivery): Work {
  switch (delivery.trigger) {
    case "gate":
      return (app) => gateChanged(app, delivery.event);
    case "node-pool":
      return (app) => nodePoolRolled(app, delivery.event);
    case "node-image":
      return (app) => nodeImageReleased(app, delivery.event);
    case "kubernetes-version":
      return (app) => kubernetesVersionChanged(app, delivery.event);
  }
}
