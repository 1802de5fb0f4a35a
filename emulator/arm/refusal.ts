import { SimulationError } from "../../shared/simulator/model.ts";
import { ArmError } from "./provider.ts";
import type { ArmRequest } from "./provider.ts";

/** Statuses that AKS and Fleet answer with these codes; every other refusal of an input is a 400. */
const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  NotFound: 404,
  ResourceNotFound: 404,
  OperationNotAllowed: 409,
  Conflict: 409,
  EtagMismatch: 409,
};

/** Runs a change of the world; what the world refuses becomes an ARM error. */
export function changing<T>(change: () => T): T {
  try {
    return change();
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
    throw new ArmError(STATUS_BY_CODE[error.code] ?? 400, error.code, error.message);
  }
}

export function invalid(message: string, code = "InvalidParameter"): ArmError {
  return new ArmError(400, code, message);
}

/** The wording of Azure Resource Manager. */
export function notFound(id: string): ArmError {
  const match = /\/resourceGroups\/([^/]+)\/providers\/(.+)$/i.exec(id);
  const [, resourceGroup = "", path = id] = match ?? [];
  const [namespace = "", ...segments] = path.split("/");
  const types = segments.filter((_, index) => index % 2 === 0);
  const names = segments.filter((_, index) => index % 2 === 1);
  return new ArmError(
    404,
    "ResourceNotFound",
    `The Resource '${namespace}/${types.join("/")}/${names.join("/")}' under resource group '${resourceGroup}' was not found. ` +
      "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
  );
}

/** `segments` without the namespace: what was asked for is no type that it has. */
export function unknownType(
  namespace: string,
  { segments }: Pick<ArmRequest, "segments">,
  addition = "",
): ArmError {
  const type = segments.map(([name]) => name).join("/");
  const message = `The resource type '${type}' could not be found in the namespace '${namespace}'${addition}.`;
  return new ArmError(404, "InvalidResourceType", message);
}

export function methodNotAllowed(method: string): ArmError {
  return new ArmError(405, "MethodNotAllowed", `The method ${method} is not allowed here.`);
}
