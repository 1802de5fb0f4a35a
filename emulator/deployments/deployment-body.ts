import { isObject, objectAt } from "../arm/json.ts";
import type { JsonObject } from "../arm/json.ts";
import type { Deployment } from "./deployment.ts";
import { caseless } from "./parameters.ts";
import { templateHash } from "./template-hash.ts";

export interface DeploymentRecord {
  readonly id: string;
  readonly name: string;
  readonly template: JsonObject;
  readonly deployment: Deployment;
}

/** A deployment as `GET deployments/{name}` answers it. */
export function deploymentBody({ id, name, template, deployment }: DeploymentRecord): JsonObject {
  const { plan, state, error, outputs, made } = deployment;
  return {
    id,
    name,
    type: "Microsoft.Resources/deployments",
    properties: {
      templateHash: templateHash(template),
      parameters: parametersOf(template, plan.parameters),
      mode: "Incremental",
      provisioningState: state,
      timestamp: deployment.timestamp,
      duration: deployment.duration,
      correlationId: deployment.correlationId,
      providers: providersOf(plan.resources.map(({ type }) => type)),
      dependencies: [],
      outputResources: made.map((one) => ({ id: one })),
      ...(outputs && { outputs }),
      ...(error && { error }),
    },
  };
}

/** Secrets are never told again. */
function parametersOf(template: JsonObject, values: ReadonlyMap<string, unknown>): JsonObject {
  const declared = Object.entries(objectAt(template, "parameters"));
  const entries = declared.map(([name, declaration]) => {
    const type = String(isObject(declaration) ? caseless(declaration, "type") : "");
    const isSecret = /^secure/i.test(type);
    return [name, { type, ...(!isSecret && { value: values.get(name.toLowerCase()) }) }];
  });
  return Object.fromEntries(entries);
}

function providersOf(types: readonly string[]): readonly JsonObject[] {
  const byNamespace = new Map<string, Set<string>>();
  for (const type of types) {
    const [namespace = "", ...rest] = type.split("/");
    const known = byNamespace.get(namespace) ?? new Set();
    byNamespace.set(namespace, known.add(rest.join("/")));
  }
  return [...byNamespace].map(([namespace, all]) => ({
    namespace,
    resourceTypes: [...all].map((resourceType) => ({ resourceType })),
  }));
}
