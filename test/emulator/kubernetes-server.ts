import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AuditLog } from "../../emulator/audit.ts";
import { makeServerCertificate } from "../../emulator/certificates.ts";
import { PacedClock } from "../../emulator/clock.ts";
import type { ClockSpeed } from "../../emulator/clock.ts";
import { adminToken } from "../../emulator/kubernetes/admin-token.ts";
import { AKS_SERVER_APPLICATION } from "../../emulator/kubernetes/authorization.ts";
import { createKubernetesService } from "../../emulator/kubernetes/service.ts";
import { startServer } from "../../emulator/server.ts";
import type { Environment, Principal, TokenAuthority } from "../../emulator/service.ts";
import type { World } from "../../shared/simulator/model.ts";

const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555";
const TENANT = "99999999-8888-7777-6666-555555555555";

export interface KubernetesServer {
  readonly environment: Environment;
  readonly audit: AuditLog;
  readonly clock: PacedClock;
  readonly caPem: string;
  readonly directory: string;
  /** Server address of a cluster, as its kubeconfig carries it. */
  address(clusterName: string): string;
  adminToken(clusterName: string): string;
  /** Path of a kubeconfig that signs in with a token; the administrator's when none is given. */
  kubeconfig(clusterName: string, token?: string): Promise<string>;
  close(): Promise<void>;
}

export interface KubernetesServerOptions {
  readonly principals?: readonly Principal[];
  readonly speed?: ClockSpeed;
}

export function clusterId(name: string): string {
  const group = `/subscriptions/${SUBSCRIPTION}/resourcegroups/harbour`;
  return `${group}/providers/microsoft.containerservice/managedclusters/${name}`;
}

/** The clusters of a world on https, with nothing else of the emulator. Tokens are principals' names. */
export async function startKubernetesServer(
  world: World,
  { principals = [], speed = "manual" }: KubernetesServerOptions = {},
): Promise<KubernetesServer> {
  const certificate = await makeServerCertificate();
  const directory = await mkdtemp(join(tmpdir(), "fleetwright-kubernetes-"));
  const errors: unknown[] = [];
  const onError = (error: unknown): number => errors.push(error);
  const clock = new PacedClock({ world, speed, onError });
  const audit = new AuditLog(() => clock.now());
  let port = 0;
  const environment: Environment = {
    world,
    pacer: clock,
    audit,
    tokens: namedTokens(principals),
    tenant: TENANT,
    subscription: SUBSCRIPTION,
    directory,
    origin: () => `https://127.0.0.1:${port}`,
    caPem: certificate.caPem,
  };
  const service = createKubernetesService(environment);
  const server = await startServer({
    port: 0,
    tls: { key: certificate.keyPem, cert: certificate.certificatePem },
    answer: async (request) => (await service.handle(request)) ?? { status: 404 },
    now: () => clock.now(),
    onError,
  });
  port = server.port;
  const address = (name: string): string =>
    `https://127.0.0.1:${port}/clusters/${SUBSCRIPTION}/harbour/${name}`;
  const tokenOf = (name: string): string => adminToken(environment, clusterId(name));
  return {
    environment,
    audit,
    clock,
    caPem: certificate.caPem,
    directory,
    address,
    adminToken: tokenOf,
    kubeconfig: async (name, token = tokenOf(name)) => {
      const file = join(directory, `${name}-${token.slice(0, 12)}.json`);
      await writeFile(file, kubeconfig(address(name), certificate.caPem, token));
      return file;
    },
    close: async () => {
      clock.close();
      await server.close();
      await rm(directory, { recursive: true, force: true });
      if (errors.length > 0) throw new AggregateError(errors, "the server met errors");
    },
  };
}

function kubeconfig(server: string, caPem: string, token: string): string {
  const certificate = Buffer.from(caPem).toString("base64");
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "here", cluster: { server, "certificate-authority-data": certificate } }],
    users: [{ name: "caller", user: { token } }],
    contexts: [{ name: "here", context: { cluster: "here", user: "caller" } }],
    "current-context": "here",
  });
}

/** Grants are compared as the emulator's own authority does: wildcards in actions, scopes as prefixes. */
function namedTokens(principals: readonly Principal[]): TokenAuthority {
  return {
    principals,
    setGrants: () => undefined,
    issue: (principal) => ({ token: principal.name, expiresIn: 3_600 }),
    authenticate: (request, audiences) => {
      const token = request.headers.authorization?.replace(/^Bearer /, "");
      const principal = principals.find(({ name }) => name === token);
      if (!principal) return { refused: "unknown token" };
      return audiences.includes(AKS_SERVER_APPLICATION) ? principal : { refused: "audience" };
    },
    allows: (principal, action, scope) =>
      principal.grants.some(
        (grant) =>
          scope.toLowerCase().startsWith(grant.scope.toLowerCase()) &&
          grant.actions.some((pattern) => matches(pattern, action)),
      ),
  };
}

function matches(pattern: string, action: string): boolean {
  const source = pattern.split("*").map((part) => part.replace(/[.\\/]/g, "\\$&"));
  return new RegExp(`^${source.join(".*")}$`, "i").test(action);
}
