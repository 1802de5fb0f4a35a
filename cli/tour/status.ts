import type { Status } from "../../shared/status/status.ts";
import type { Tour } from "./stage-set.ts";

export type StatusDocument = Status;

/** What the `status` function answers: the functions' own memory, read over HTTP. */
export async function readStatus(tour: Tour): Promise<StatusDocument> {
  const { url, functionKey } = tour.functions.ready;
  const reply = await fetch(`${url}/api/status`, { headers: { "x-functions-key": functionKey } });
  if (!reply.ok) throw new Error(`status answers ${reply.status}: ${await reply.text()}`);
  return (await reply.json()) as StatusDocument;
}
