import { mkdtemp, rm } from "node:fs/promises";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Octokit } from "@octokit/core";
import { paginateRest } from "@octokit/plugin-paginate-rest";
import { AuditLog } from "../../emulator/audit.ts";
import { makeServerCertificate } from "../../emulator/certificates.ts";
import { createGitHub } from "../../emulator/github/service.ts";
import { startServer } from "../../emulator/server.ts";

const start = Date.parse("2026-07-01T08:00:00Z");
const Client = Octokit.plugin(paginateRest);
export type GitHubClient = InstanceType<typeof Client>;

/** What the calls of control answer, as far as these tests look. */
interface ControlAnswer {
  readonly token: string;
  readonly installationId: number;
  readonly appId: number;
  readonly dispatches: readonly object[];
}

export interface GitHubServer {
  readonly url: string;
  readonly audit: AuditLog;
  readonly directory: string;
  advance(milliseconds: number): void;
  control(method: string, path: string, body?: object): Promise<ControlAnswer>;
  /** A client with a job's permissions; a person's client when there are none; anonymous without login. */
  client(login?: string, permissions?: Record<string, "read" | "write">): Promise<GitHubClient>;
  withToken(token: string | undefined): GitHubClient;
  fetch: typeof fetch;
  close(): Promise<void>;
}

/** The local GitHub on https, with nothing else of the emulator. Time stands still unless moved. */
export async function startGitHubServer(): Promise<GitHubServer> {
  const certificate = await makeServerCertificate();
  const directory = await mkdtemp(join(tmpdir(), "fleetwright-github-"));
  const errors: unknown[] = [];
  let now = start;
  let port = 0;
  const audit = new AuditLog(() => now);
  const url = (): string => `https://127.0.0.1:${port}`;
  const github = createGitHub({
    audit,
    directory,
    pacer: {
      now: () => now,
      at: () => () => {},
      factor: 0,
      advance: (by) => void (now += by),
      pace() {},
    },
    origin: url,
  });
  const server = await startServer({
    port: 0,
    tls: { key: certificate.keyPem, cert: certificate.certificatePem },
    answer: async (request) =>
      (await github.control.handle(request)) ??
      (await github.service.handle(request)) ?? { status: 404 },
    now: () => now,
    onError: (error) => errors.push(error),
  });
  port = server.port;
  const trusting = trustingFetch(certificate.caPem);
  const control: GitHubServer["control"] = async (method, path, body) => {
    const init = { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await trusting(`${url()}/_emulator/github/${path}`, init);
    const answer: ControlAnswer = JSON.parse(await response.text());
    if (!response.ok) throw new Error(JSON.stringify(answer));
    return answer;
  };
  const withToken = (token: string | undefined): GitHubClient =>
    new Client({
      baseUrl: `${url()}/github`,
      request: { fetch: trusting },
      ...(token === undefined ? {} : { auth: token }),
    });
  return {
    url: `${url()}/github`,
    audit,
    directory,
    advance: (milliseconds) => void (now += milliseconds),
    control,
    withToken,
    async client(login, permissions) {
      if (login === undefined) return withToken(undefined);
      const made = await control("POST", "tokens", { login, permissions });
      return withToken(made.token);
    },
    fetch: trusting,
    async close() {
      await github.close();
      await server.close();
      await rm(directory, { recursive: true, force: true });
      if (errors.length > 0) throw new AggregateError(errors, "the server met errors");
    },
  };
}

/** fetch of a process that was started with NODE_EXTRA_CA_CERTS. */
export function trustingFetch(ca: string): typeof fetch {
  return (input, init) =>
    new Promise((resolve, reject) => {
      const url = input instanceof Request ? input.url : input;
      const body = typeof init?.body === "string" ? init.body : "";
      const headers = {
        ...Object.fromEntries(new Headers(init?.headers)),
        "content-length": String(Buffer.byteLength(body)),
      };
      const options = { method: init?.method ?? "GET", headers, ca, agent: false };
      const outgoing = httpsRequest(url, options, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const status = incoming.statusCode ?? 0;
          const content = [204, 304].includes(status) ? null : Buffer.concat(chunks);
          const pairs = Object.entries(incoming.headers).map(([key, value]) => [
            key,
            String(value),
          ]);
          resolve(new Response(content, { status, headers: Object.fromEntries(pairs) }));
        });
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
}
