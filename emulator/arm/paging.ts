import type { WireReply } from "../service.ts";
import type { ArmRequest } from "./provider.ts";

/** Items of one page: about what AKS sends at once. */
const PAGE_SIZE = 100;

export interface PagingOptions {
  readonly origin: string;
  /** AKS ends its lists of pools and snapshots with a link to an empty page. */
  readonly emptyLastPage?: boolean;
  readonly pageSize?: number;
}

/** One page of a list, with the link to the next. */
export function page<T extends object>(
  request: ArmRequest,
  items: readonly T[],
  { origin, emptyLastPage = false, pageSize = PAGE_SIZE }: PagingOptions,
): WireReply {
  const token = request.wire.query.get("$skiptoken") ?? "0";
  const start = /^\d{1,9}$/.test(token) ? Number(token) : 0;
  const end = start + pageSize;
  const value = items.slice(start, end);
  const isMore = items.length > end || (emptyLastPage && value.length > 0);
  if (!isMore) return { status: 200, body: { value } };
  const query = new URLSearchParams({
    "api-version": request.apiVersion,
    $skiptoken: String(Math.min(end, items.length)),
  });
  const nextLink = `${origin}${encodeURI(request.wire.path)}?${query}`;
  return { status: 200, body: { value, nextLink } };
}
