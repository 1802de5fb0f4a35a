import { join } from "node:path";
import type { LocalAzure } from "./local-azure.ts";

/** The consumer repository on the local GitHub, seen with a maintainer's token. */
export interface Repository {
  readonly owner: string;
  readonly name: string;
  /** Bare git repository that a person can clone. */
  readonly gitDirectory: string;
  get<T>(path: string): Promise<T>;
  send<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** Writes the files of a ref into a folder, as a job's checkout does. */
  checkout(ref: string): Promise<string>;
}

export const OWNER = "harbourworks";
export const NAME = "harbour";

export async function createRepository(azure: LocalAzure, directory: string): Promise<Repository> {
  const created = await azure.control<{ gitDirectory: string }>("POST", "/github/repositories", {
    owner: OWNER,
    name: NAME,
    directory,
  });
  const token = await githubToken(azure, "harbour-master", { administration: "write" });
  const base = `${azure.emulator.github}/repos/${OWNER}/${NAME}`;
  let checkouts = 0;
  return {
    owner: OWNER,
    name: NAME,
    gitDirectory: created.gitDirectory,
    get: (path) => azure.wire.send("GET", `${base}${path}`, { token }),
    send: (method, path, body) => azure.wire.send(method, `${base}${path}`, { token, body }),
    async checkout(ref) {
      const workspace = join(azure.directory, `checkout-${++checkouts}`);
      await azure.control("POST", `/github/repositories/${OWNER}/${NAME}/checkout`, {
        ref,
        directory: workspace,
      });
      return workspace;
    },
  };
}

const WRITE_ALL = {
  contents: "write",
  pull_requests: "write",
  issues: "write",
  checks: "write",
  statuses: "write",
  deployments: "write",
  actions: "write",
};

/** A token of the local GitHub with everything a maintainer or our app may do. */
export async function githubToken(
  azure: LocalAzure,
  login: string,
  more: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { token } = await azure.control<{ token: string }>("POST", "/github/tokens", {
    login,
    permissions: { ...WRITE_ALL, ...more },
  });
  return token;
}
