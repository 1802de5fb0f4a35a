import { gzipSync } from "node:zlib";
import type { HttpResponseInit } from "@azure/functions";

/** Below this a packet carries it as it is. */
const MIN_CHARACTERS = 1_400;

/** Packed where the reader unpacks it: a page of 1,000 members shrinks to a twentieth. */
export function packed(
  text: string,
  headers: Readonly<Record<string, string>>,
  acceptEncoding: string | null,
): HttpResponseInit {
  const vary = { vary: "accept, accept-encoding" };
  if (
    text.length < MIN_CHARACTERS ||
    !/\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/i.test(acceptEncoding ?? "")
  ) {
    return { body: text, headers: { ...headers, ...vary } };
  }
  return { body: gzipSync(text), headers: { ...headers, ...vary, "content-encoding": "gzip" } };
}
