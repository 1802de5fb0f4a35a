import { isJsonObject } from "./object.ts";
import type { JsonObject } from "./object.ts";
import { MESSAGES } from "./protobuf-messages.ts";
import type { FieldType, Message } from "./protobuf-messages.ts";
import { badRequest } from "./status.ts";

/**
 * Reads the bodies that client-go sends in Kubernetes' protobuf form, which is its default for typed
 * clients: `kubectl create` and, in newer versions, evictions. Only fields that this API acts on or shows
 * are known; others are skipped. Answers are JSON, which every client accepts too.
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
 */
export function parseProtobuf(body: Buffer): JsonObject {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw badRequest("provided data does not appear to be a protobuf message, expected prefix k8s");
  }
  const envelope = readMessage(body.subarray(MAGIC.length), MESSAGES.unknown);
  const { kind, apiVersion } = isJsonObject(envelope.typeMeta) ? envelope.typeMeta : {};
  const message = KINDS[`${String(apiVersion)} ${String(kind)}`] ?? KINDS[String(kind)];
  if (!message) throw badRequest(`a ${String(kind)} is read as JSON or YAML only, not as protobuf`);
  const raw = Buffer.isBuffer(envelope.raw) ? envelope.raw : Buffer.alloc(0);
  return { kind, apiVersion, ...readMessage(raw, message) };
}

const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

const KINDS: Readonly<Record<string, Message>> = {
  ClusterRole: MESSAGES.role,
  ClusterRoleBinding: MESSAGES.roleBinding,
  ConfigMap: MESSAGES.configMap,
  HorizontalPodAutoscaler: MESSAGES.autoscaler,
  "autoscaling/v1 HorizontalPodAutoscaler": MESSAGES.autoscalerV1,
  Ingress: MESSAGES.ingress,
  Node: MESSAGES.node,
  Pod: MESSAGES.pod,
  PriorityClass: MESSAGES.priorityClass,
  ResourceQuota: MESSAGES.resourceQuota,
  Role: MESSAGES.role,
  RoleBinding: MESSAGES.roleBinding,
  Service: MESSAGES.service,
  StatefulSet: MESSAGES.statefulSet,
  Namespace: MESSAGES.named,
  SelfSubjectReview: MESSAGES.named,
  SelfSubjectRulesReview: MESSAGES.rulesReview,
  Secret: MESSAGES.secret,
  ServiceAccount: MESSAGES.named,
  DaemonSet: MESSAGES.daemonSet,
  DeleteOptions: MESSAGES.deleteOptions,
  Deployment: MESSAGES.deployment,
  Eviction: MESSAGES.eviction,
  PodDisruptionBudget: MESSAGES.disruptionBudget,
  Scale: MESSAGES.scale,
  LocalSubjectAccessReview: MESSAGES.subjectAccessReview,
  SelfSubjectAccessReview: MESSAGES.accessReview,
  SubjectAccessReview: MESSAGES.subjectAccessReview,
  TokenRequest: MESSAGES.tokenRequest,
  TokenReview: MESSAGES.tokenReview,
};

type Wire = number | Buffer;

function readMessage(bytes: Buffer, message: Message): JsonObject {
  const result: Record<string, unknown> = {};
  for (const [number, value] of readFields(bytes)) {
    const field = message[number];
    if (!field) continue;
    const [name, type] = field;
    const decoded = decode(value, type);
    if (isAbsent(decoded, type)) continue;
    if (name === "") Object.assign(result, decoded);
    else result[name] = merge(result[name], decoded, type);
  }
  return result;
}

/** Go writes fields that are not set too, as empty texts, zeros and noes; JSON leaves them out. */
function isAbsent(value: unknown, type: FieldType): boolean {
  return value === "" || value === false || (value === 0 && type === "nonzero");
}

function merge(before: unknown, value: unknown, type: FieldType): unknown {
  if (typeof type !== "object") return value;
  if ("list" in type) return [...((before as unknown[]) ?? []), value];
  return "map" in type ? { ...(before as object), ...(value as object) } : value;
}

function decode(value: Wire, type: FieldType): unknown {
  if (typeof value === "number") return type === "boolean" ? value !== 0 : value;
  if (type === "bytes") return value;
  if (type === "base64") return value.toString("base64");
  if (type === "text") return value.toString("utf8");
  if (type === "intOrText") return readIntOrText(value);
  if (typeof type !== "object") throw malformed();
  if ("list" in type) return decode(value, type.list);
  if ("message" in type) return readMessage(value, type.message);
  if ("unwrapped" in type) return readOnly(value, type.unwrapped);
  const entry = readMessage(value, { 1: ["key", "text"], 2: ["value", type.map] });
  return { [String(entry.key ?? "")]: entry.value ?? "" };
}

function readOnly(bytes: Buffer, message: Message): unknown {
  const [[number, value] = [0, 0]] = readFields(bytes);
  return decode(value, message[number]?.[1] ?? "text");
}

/** `IntOrString`: 1 says which of the two, 2 the number, 3 the text. */
function readIntOrText(bytes: Buffer): number | string {
  const fields = new Map(readFields(bytes));
  const text = fields.get(3);
  if (fields.get(1) === 1) return Buffer.isBuffer(text) ? text.toString("utf8") : "";
  const number = fields.get(2) ?? 0;
  return typeof number === "number" ? number : 0;
}

function readFields(bytes: Buffer): [number: number, value: Wire][] {
  const fields: [number, Wire][] = [];
  let at = 0;
  while (at < bytes.length) {
    const [tag, afterTag] = readVarint(bytes, at);
    const [value, next] = readValue(bytes, afterTag, tag % 8);
    fields.push([Math.floor(tag / 8), value]);
    at = next;
  }
  return fields;
}

function readValue(bytes: Buffer, at: number, wireType: number): [value: Wire, next: number] {
  if (wireType === 0) return readVarint(bytes, at);
  const [length, start] =
    wireType === 2 ? readVarint(bytes, at) : [FIXED_LENGTHS[wireType] ?? Number.NaN, at];
  const end = start + length;
  if (!(end <= bytes.length)) throw malformed();
  return [bytes.subarray(start, end), end];
}

/** Lengths of the wire types 64-bit and 32-bit. */
const FIXED_LENGTHS: Readonly<Record<number, number>> = { 1: 8, 5: 4 };
const MAX_VARINT_BYTES = 10;

/** Little-endian groups of seven bits; as 64-bit two's complement when negative. */
function readVarint(bytes: Buffer, at: number): [value: number, next: number] {
  let value = 0n;
  for (let index = 0; index < MAX_VARINT_BYTES; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) throw malformed();
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80) return [Number(BigInt.asIntN(64, value)), at + index + 1];
  }
  throw malformed();
}

function malformed(): Error {
  return badRequest("the protobuf message is malformed");
}
