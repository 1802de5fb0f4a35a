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
  const start = numberOf(request, "$skiptoken") ?? 0;
  const end = start + Math.max(1, Math.min(pageSize, numberOf(request, "$top") ?? pageSize));
  const value = items.slice(start, end);
  const isMore = items.length > end || (emptyLastPage && value.length > 0);
  if (!isMore) return { status: 200, body: { value } };
  // The next page is of the same list: filters come along.
  const query = new URLSearchParams({
    ...Object.fromEntries(request.wire.query),
    "api-version": request.apiVersion,
    $skiptoken: String(Math.min(end, items.length)),
  });
  const nextLink = `${origin}${encodeURI(request.wire.path)}?${query}`;
  return { status: 200, body: { value, nextLink } };
}

function numberOf({ wire }: ArmRequest, key: string): number | undefined {
  const text = wire.query.get(key);
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
