import { randomUUID } from "node:crypto";
import { armKey } from "../../shared/core/arm-id.ts";
import { isObject, objectAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import { ArmError } from "../arm/provider.ts";
import { armTime } from "../arm/time.ts";
import type { Pacer, WireReply } from "../service.ts";
import type { Plan, PlannedResource } from "./plan.ts";

/** Between two looks at a resource that is being made, in virtual time. */
const LOOK_MILLISECONDS = 10_000;
/** Two days: no resource takes longer than the longest drain that a pool may be given. */
const MAX_LOOKS = 17_280;

type State = "Running" | "Succeeded" | "Failed" | "Canceled";

export interface DeploymentError {
  readonly code: string;
  readonly message: string;
  readonly details?: readonly DeploymentError[];
}

interface Step {
  readonly resource: PlannedResource;
  readonly operationId: string;
  readonly startedAt: number;
  state: State;
  statusCode: string;
  error?: DeploymentError;
}

export interface DeploymentDeps {
  readonly pacer: Pacer;
  /** Sends a resource to its provider with the rights of the one who deploys. */
  readonly put: (resource: PlannedResource, body: JsonObject) => Promise<WireReply>;
  /** The resource as it is; undefined when it is not there. */
  readonly look: (id: string) => Promise<JsonObject | undefined>;
  /** What the operation behind a reply says went wrong. */
  readonly failureOf: (reply: WireReply) => Promise<DeploymentError | undefined>;
}

/** One deployment of a template: its resources are made in their order, those that may at the same time. */
export class Deployment {
  readonly correlationId = randomUUID();
  readonly operationId = randomUUID();
  readonly plan: Plan;
  readonly #deps: DeploymentDeps;
  readonly #startedAt: number;
  readonly #steps: Step[] = [];
  #endedAt: number | undefined;
  #state: State = "Running";
  #error: DeploymentError | undefined;
  #outputs: JsonObject | undefined;

  constructor(plan: Plan, deps: DeploymentDeps) {
    this.plan = plan;
    this.#deps = deps;
    this.#startedAt = deps.pacer.now();
  }

  get state(): State {
    return this.#state;
  }

  get error(): DeploymentError | undefined {
    return this.#error;
  }

  get outputs(): JsonObject | undefined {
    return this.#outputs;
  }

  get timestamp(): string {
    return armTime(this.#endedAt ?? this.#startedAt);
  }

  get duration(): string {
    const end = this.#endedAt ?? this.#deps.pacer.now();
    return `PT${(end - this.#startedAt) / 1_000}S`;
  }

  get made(): readonly string[] {
    const done = this.#steps.filter(({ state }) => state === "Succeeded");
    return done.map(({ resource }) => resource.id);
  }

  /** What was done, step by step, as `deployments/{name}/operations` lists it. */
  steps(deploymentId: string): readonly JsonObject[] {
    return this.#steps.map((step) => ({
      id: `${deploymentId}/operations/${step.operationId}`,
      operationId: step.operationId,
      properties: {
        provisioningOperation: "Create",
        provisioningState: step.state,
        timestamp: armTime(step.startedAt),
        statusCode: step.statusCode,
        targetResource: {
          id: step.resource.id,
          resourceType: step.resource.type,
          resourceName: step.resource.name,
        },
        ...(step.error && { statusMessage: { error: step.error } }),
      },
    }));
  }

  /** What is under way is finished, and nothing else begins. */
  cancel(): void {
    this.#end("Canceled");
  }

  /** Makes everything; never throws. */
  async run(): Promise<void> {
    const done = new Map<string, Promise<void>>();
    for (const resource of this.plan.resources) {
      const before = [...resource.after].map((id) => done.get(id));
      done.set(
        armKey(resource.id),
        Promise.all(before).then(() => this.#make(resource)),
      );
    }
    await Promise.allSettled(done.values());
    if (this.#state !== "Running") return;
    const failures = this.#steps.flatMap(({ error }) => (error ? [error] : []));
    if (failures.length > 0) return this.#fail(failures);
    try {
      this.#outputs = await this.plan.outputs();
      this.#end("Succeeded");
    } catch (error) {
      this.#fail([toFailure(error)]);
    }
  }

  async #make(resource: PlannedResource): Promise<void> {
    if (resource.isExisting) return;
    if (this.#state !== "Running")
      throw new ArmError(409, "Canceled", "The deployment is canceled.");
    const startedAt = this.#deps.pacer.now();
    const operationId = randomUUID().replaceAll("-", "").slice(0, 16).toUpperCase();
    const step: Step = {
      resource,
      operationId,
      startedAt,
      state: "Running",
      statusCode: "Accepted",
    };
    this.#steps.push(step);
    try {
      const reply = await this.#deps.put(resource, await resource.body());
      requireAccepted(reply);
      await this.#untilMade(resource, reply);
      step.state = "Succeeded";
      step.statusCode = "OK";
    } catch (error) {
      step.state = "Failed";
      step.statusCode =
        error instanceof ArmError && error.status === 403 ? "Forbidden" : "Conflict";
      step.error = toFailure(error);
      throw error;
    }
  }

  async #untilMade(resource: PlannedResource, reply: WireReply): Promise<void> {
    const { look, failureOf, pacer } = this.#deps;
    for (let looks = 0; looks < MAX_LOOKS; looks++) {
      const found = await look(resource.id);
      const state = found && objectAt(found, "properties")["provisioningState"];
      if (state === undefined || state === "Succeeded") return;
      if (state === "Failed" || state === "Canceled") {
        const why = await failureOf(reply);
        const message = `The resource write operation failed to complete successfully, because it reached terminal provisioning state '${state}'.`;
        throw new ArmError(409, why?.code ?? "ResourceDeploymentFailure", why?.message ?? message);
      }
      await new Promise<void>((resolve) => pacer.at(pacer.now() + LOOK_MILLISECONDS, resolve));
    }
    throw new ArmError(409, "DeploymentTimeout", `${resource.id} is not made after two days.`);
  }

  #fail(details: readonly DeploymentError[]): void {
    const message =
      "At least one resource deployment operation failed. Please list deployment operations for details. " +
      "Please see https://aka.ms/arm-deployment-operations for usage details.";
    this.#error = { code: "DeploymentFailed", message, details };
    this.#end("Failed");
  }

  #end(state: State): void {
    this.#state = state;
    this.#endedAt = this.#deps.pacer.now();
  }
}

function requireAccepted({ status, body }: WireReply): void {
  if (status < 400) return;
  const { code, message } = isObject(body) ? objectAt(body, "error") : {};
  throw new ArmError(status, String(code), String(message));
}

function toFailure(error: unknown): DeploymentError {
  if (error instanceof ArmError) return { code: error.code, message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  return { code: "InternalServerError", message };
}
