import type { WireReply } from "../service.ts";
import { type Call, json } from "./call.ts";

const defaultPerPage = 30;
const MAX_PER_PAGE = 100;

export interface Page<T> {
  readonly items: readonly T[];
  readonly headers: Readonly<Record<string, string>>;
}

/** One page of a list, with the absolute `Link` URLs that clients follow. */
export function pageOf<T>(call: Call, items: readonly T[]): Page<T> {
  const perPage = Math.min(MAX_PER_PAGE, positive(call.query.get("per_page")) ?? defaultPerPage);
  const page = positive(call.query.get("page")) ?? 1;
  const last = Math.max(1, Math.ceil(items.length / perPage));
  const links: string[] = [];
  const link = (number: number, relation: string): void => {
    links.push(`<${pageUrl(call, number)}>; rel="${relation}"`);
  };
  if (page > 1) link(Math.min(page - 1, last), "prev");
  if (page < last) {
    link(page + 1, "next");
    link(last, "last");
  }
  if (page > 1) link(1, "first");
  return {
    items: items.slice((page - 1) * perPage, page * perPage),
    headers: links.length === 0 ? {} : { link: links.join(", ") },
  };
}

export async function listReply<T>(
  call: Call,
  items: readonly T[],
  render: (item: T) => object | Promise<object>,
): Promise<WireReply> {
  const page = pageOf(call, items);
  return json(200, await Promise.all(page.items.map(render)), page.headers);
}

function positive(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}

function pageUrl(call: Call, page: number): string {
  const query = new URLSearchParams([...call.query].filter(([key]) => key !== "page"));
  query.set("page", String(page));
  return `${call.base}${encodeURI(call.path)}?${query}`;
}
