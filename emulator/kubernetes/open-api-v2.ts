import type { WireReply, WireRequest } from "../service.ts";

/** The only form in which kubectl asks for the document; it asks with an `@`, which no answer may carry. */
const PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
const INFO = { title: "Kubernetes", version: "unversioned" };

/**
 * The older OpenAPI document, without which kubectl up to 1.27 applies nothing. It describes no kind, so that
 * objects are sent as they are and are validated here.
 */
export function serveOpenApiV2(request: WireRequest, path: string): WireReply | undefined {
  if (path !== "/openapi/v2") return undefined;
  if (!request.headers.accept?.includes("proto-openapi")) {
    return { status: 200, body: { swagger: "2.0", info: INFO, paths: {}, definitions: {} } };
  }
  const info = Buffer.concat([field(1, INFO.title), field(2, INFO.version)]);
  const body = Buffer.concat([field(1, "2.0"), field(2, info), field(8, ""), field(9, "")]);
  return { status: 200, headers: { "Content-Type": PROTOBUF }, body };
}

/** A length-delimited field of a protobuf message; numbers and lengths here are below 16 and 128. */
function field(number: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}
