import { SimulationError } from "../../shared/simulator/model.ts";

interface StatusCause {
  readonly reason?: string;
  readonly message: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
}

/** A refusal of the API server; becomes a `Status` object with this code. */
export class KubernetesError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.name = "KubernetesError";
    this.code = code;
    this.reason = reason;
    this.details = details;
  }
}

export interface FailureStatus {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: object;
  readonly status: "Failure";
  readonly message: string;
  readonly reason: string;
  readonly details?: StatusDetails;
  readonly code: number;
}

export function failureStatus(error: KubernetesError): FailureStatus {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: error.message,
    reason: error.reason,
    ...(error.details && { details: error.details }),
    code: error.code,
  };
}

export function successStatus(details?: StatusDetails): object {
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" };
  return details ? { ...status, details } : { ...status, code: 201 };
}

interface Named {
  readonly group: string;
  readonly plural: string;
}

function qualified(resource: Named): string {
  return resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;
}

function detailsOf(resource: Named, name: string): StatusDetails {
  return { name, ...(resource.group !== "" && { group: resource.group }), kind: resource.plural };
}

export function notFound(resource: Named, name: string): KubernetesError {
  const message = `${qualified(resource)} ${JSON.stringify(name)} not found`;
  return new KubernetesError(404, "NotFound", message, detailsOf(resource, name));
}

export function unknownPath(): KubernetesError {
  const message = "the server could not find the requested resource";
  return new KubernetesError(404, "NotFound", message, {});
}

export function alreadyExists(resource: Named, name: string): KubernetesError {
  const message = `${qualified(resource)} ${JSON.stringify(name)} already exists`;
  return new KubernetesError(409, "AlreadyExists", message, detailsOf(resource, name));
}

export function conflict(resource: Named, name: string, why: string): KubernetesError {
  const message = `Operation cannot be fulfilled on ${qualified(resource)} ${JSON.stringify(name)}: ${why}`;
  return new KubernetesError(409, "Conflict", message, detailsOf(resource, name));
}

export function badRequest(message: string): KubernetesError {
  return new KubernetesError(400, "BadRequest", message);
}

export function methodNotAllowed(): KubernetesError {
  return new KubernetesError(
    405,
    "MethodNotAllowed",
    "the server does not allow this method on the requested resource",
  );
}

export function gone(message: string): KubernetesError {
  return new KubernetesError(410, "Expired", message);
}

export interface InvalidField {
  readonly field: string;
  readonly message: string;
}

/** 422, worded like the API server's field errors. */
export function invalid(
  kind: string,
  name: string,
  fields: readonly InvalidField[],
): KubernetesError {
  const all = fields.map(({ field, message }) => `${field}: ${message}`);
  const text = all.length === 1 ? (all[0] ?? "") : `[${all.join(", ")}]`;
  return new KubernetesError(
    422,
    "Invalid",
    `${kind} ${JSON.stringify(name)} is invalid: ${text}`,
    {
      name,
      kind,
      causes: fields.map(({ field, message }) => ({ reason: "FieldValueInvalid", message, field })),
    },
  );
}

/** Anything thrown while a request was served, as a refusal: no request may bring the server down. */
export function toKubernetesError(thrown: unknown): KubernetesError {
  if (thrown instanceof KubernetesError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (!(thrown instanceof SimulationError)) {
    return new KubernetesError(500, "InternalError", `Internal error occurred: ${message}`);
  }
  if (thrown.code.endsWith("NotFound")) return new KubernetesError(404, "NotFound", message);
  if (/Conflict|NotAllowed/.test(thrown.code)) return new KubernetesError(409, "Conflict", message);
  return new KubernetesError(422, "Invalid", message);
}
