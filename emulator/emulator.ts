import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { World } from "../shared/simulator/model.ts";
import { createWorld } from "../shared/simulator/world.ts";
import { createAks } from "./aks/provider.ts";
import type { Aks } from "./aks/provider.ts";
import type { ArmRequest, ResourceProvider } from "./arm/provider.ts";
import { unknownType } from "./arm/refusal.ts";
import { Operations } from "./arm/operations.ts";
import { ResourceGroups } from "./arm/resource-groups.ts";
import { createArmService } from "./arm/service.ts";
import { Throttle } from "./arm/throttling.ts";
import { AuditLog } from "./audit.ts";
import { makeServerCertificate } from "./certificates.ts";
import type { ServerCertificate } from "./certificates.ts";
import { PacedClock } from "./clock.ts";
import type { ClockSpeed } from "./clock.ts";
import { createControlService } from "./control.ts";
import { createOidcIssuer } from "./entra/oidc-issuer.ts";
import { makeDirectory } from "./entra/principals.ts";
import { createEntraService, createManagedIdentityService } from "./entra/service.ts";
import { createTokenAuthority } from "./entra/tokens.ts";
import { createEventGrid } from "./event-grid/service.ts";
import { createComputeProvider } from "./compute/provider.ts";
import { createManagedIdentityProvider } from "./managed-identity/provider.ts";
import { createNetworkProvider } from "./network/virtual-networks.ts";
import { FaultInjector } from "./faults.ts";
import { createFleetManager } from "./fleet/provider.ts";
import { createGitHub } from "./github/service.ts";
import { createKeyVault } from "./key-vault/service.ts";
import { History } from "./history.ts";
import { createKubernetesService } from "./kubernetes/service.ts";
import { populate } from "./populate.ts";
import {
  DEFAULT_SCENARIO,
  DEFAULT_START,
  DEFAULT_SUBSCRIPTION,
  DEFAULT_TENANT,
  validateScenario,
} from "./scenario.ts";
import type { Scenario } from "./scenario.ts";
import { startServer } from "./server.ts";
import type { RunningServer } from "./server.ts";
import type { Environment, Service, WireReply, WireRequest } from "./service.ts";

export interface EmulatorOptions {
  /** Port of the https server; 0 or absent for a free one. */
  readonly port?: number;
  readonly scenario?: Scenario;
  readonly clock?: ClockSpeed;
  /** Wins over the scenario's. */
  readonly seed?: number;
  /** Folder for the CA and other files; absent for a temporary one, removed at the end. */
  readonly directory?: string;
  /** Told what went wrong inside; absent: a line on stderr. */
  readonly onError?: (error: unknown) => void;
}

/** What clients need to know, printed as one line by `fleetwright emulator`. */
export interface ReadyLine {
  readonly arm: string;
  readonly authority: string;
  /** PEM file of the CA, for NODE_EXTRA_CA_CERTS and REQUESTS_CA_BUNDLE. */
  readonly ca: string;
  /** For IDENTITY_ENDPOINT (with any IDENTITY_HEADER) or MSI_ENDPOINT. */
  readonly msi: string;
  readonly subscription: string;
  readonly control: string;
  readonly tenant: string;
  /** For GITHUB_API_URL. */
  readonly github: string;
  readonly oidc: string;
  /** PEM files of the server's certificate and key, for other local servers of the same trust. */
  readonly certificate: string;
  readonly key: string;
  /** The process to end; the one that npx started it with does not pass the word on. */
  readonly pid: number;
}

export interface RunningEmulator {
  readonly ready: ReadyLine;
  readonly environment: Environment;
  close(): Promise<void>;
}

/** A local Azure and GitHub: one https server on the loopback interface, and the identity endpoint on http. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<RunningEmulator> {
  const scenario = validateScenario(options.scenario ?? DEFAULT_SCENARIO, "scenario");
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "fleetwright-")));
  const certificate = await makeServerCertificate();
  const parts = compose(options, scenario, { directory, certificate });
  try {
    const servers = await listen(options, parts, certificate);
    parts.place.origin = `https://127.0.0.1:${servers.https.port}`;
    const files = await writeFiles(directory, certificate);
    const { environment } = parts;
    return {
      environment,
      ready: readyLine(environment, files, servers.http.port),
      close: async () => {
        await Promise.all([servers.https.close(), servers.http.close()]);
        await parts.close();
        if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await parts.close();
    if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

interface Parts {
  readonly environment: Environment;
  readonly faults: FaultInjector;
  readonly services: readonly Service[];
  readonly managedIdentity: Service;
  readonly onError: (error: unknown) => void;
  /** The origin is known once the server listens. */
  readonly place: { origin: string };
  close(): Promise<void>;
}

function compose(
  options: EmulatorOptions,
  scenario: Scenario,
  {
    directory,
    certificate,
  }: { readonly directory: string; readonly certificate: ServerCertificate },
): Parts {
  const onError = options.onError ?? reportOnStderr;
  const subscription = scenario.subscription ?? DEFAULT_SUBSCRIPTION;
  const tenant = scenario.tenant ?? DEFAULT_TENANT;
  const world = makeWorld(options, scenario, subscription);
  const pacer = new PacedClock({ world, speed: options.clock ?? "real", onError });
  const audit = new AuditLog(() => pacer.now());
  const history = new History(world);
  const accounts = makeDirectory(scenario, subscription);
  const tokens = createTokenAuthority(tenant, accounts);
  const place = { origin: "" };
  const origin = (): string => place.origin;
  const environment: Environment = {
    world,
    pacer,
    audit,
    tokens,
    tenant,
    subscription,
    directory,
    origin,
    caPem: certificate.caPem,
  };
  const oidc = createOidcIssuer(origin);
  const entra = { tenant, directory: accounts, tokens, oidc, audit, origin };
  const faults = new FaultInjector();
  const eventGrid = createEventGrid(environment);
  const github = createGitHub(environment);
  const keyVault = createKeyVault(environment);
  const others = [eventGrid.control, github.control, keyVault.control];
  return {
    environment,
    faults,
    onError,
    place,
    managedIdentity: createManagedIdentityService(entra),
    services: [
      createControlService({ world, pacer, audit, history, faults, oidc, tokens, others }),
      oidc.service,
      createEntraService(entra),
      createKubernetesService(environment),
      eventGrid.service,
      github.service,
      keyVault.service,
      createArm(environment, scenario, eventGrid.providers),
    ],
    async close() {
      eventGrid.close();
      await github.close();
      history.close();
      pacer.close();
    },
  };
}

function makeWorld(options: EmulatorOptions, scenario: Scenario, subscription: string): World {
  const { kubernetesVersions, rules, durations, quotas, capacities } = scenario;
  const world = createWorld({
    seed: options.seed ?? scenario.seed ?? 1,
    start: Date.parse(scenario.start ?? DEFAULT_START),
    ...(kubernetesVersions ? { kubernetesVersions } : {}),
    ...(rules ? { rules: given(rules) } : {}),
    ...(durations ? { durations: given(durations) } : {}),
    ...(quotas ? { quotas } : {}),
    ...(capacities ? { capacities } : {}),
  });
  populate(world, scenario, subscription);
  return world;
}

/** Without the keys that are undefined, so that they do not cover a default. */
function given<T extends object>(value: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof T]?: Exclude<T[Key], undefined> };
}

function createArm(
  environment: Environment,
  scenario: Scenario,
  others: readonly ResourceProvider[],
): Service {
  const { pacer, subscription, origin } = environment;
  const operations = new Operations({ pacer, origin });
  const groups = new ResourceGroups(subscription);
  for (const { name, location } of scenario.resourceGroups ?? []) groups.ensure(name, location);
  for (const { resourceGroup, location } of [
    ...(scenario.fleets ?? []),
    ...(scenario.clusters ?? []),
  ]) {
    groups.ensure(resourceGroup, location);
  }
  for (const { resourceGroup, location = "westeurope" } of scenario.virtualNetworks ?? []) {
    groups.ensure(resourceGroup, location);
  }
  const throttle = scenario.throttling
    ? { throttle: new Throttle(() => pacer.now(), pacer.factor) }
    : {};
  const aks = createAks(environment, operations, scenario);
  const containerService = createContainerService(aks, environment, operations, scenario);
  const compute = createComputeProvider(environment.world);
  const network = createNetworkProvider({
    subscription,
    networks: scenario.virtualNetworks ?? [],
    held: () => aks.addressesHeld(),
  });
  const identities = createManagedIdentityProvider(environment);
  const providers = [containerService, compute, network, identities, ...others];
  return createArmService({ environment, providers, groups, operations, ...throttle });
}

/** AKS and Fleet Manager share one namespace. */
function createContainerService(
  aks: Aks,
  environment: Environment,
  operations: Operations,
  scenario: Scenario,
): ResourceProvider {
  const fleets = createFleetManager(environment, operations, scenario);
  return {
    namespace: "Microsoft.ContainerService",
    handle: (request) => aks.handle(request) ?? fleets.handle(request) ?? refuseType(request),
    deleteGroup(subscription, resourceGroup) {
      fleets.deleteGroup(subscription, resourceGroup);
      aks.deleteGroup(subscription, resourceGroup);
    },
  };
}

function refuseType(request: ArmRequest): never {
  const addition = ` for api version '${request.apiVersion}'`;
  throw unknownType("Microsoft.ContainerService", request, addition);
}

async function listen(
  options: EmulatorOptions,
  parts: Parts,
  certificate: ServerCertificate,
): Promise<{ readonly https: RunningServer; readonly http: RunningServer }> {
  const { onError, environment } = parts;
  const now = (): number => environment.pacer.now();
  const https = await startServer({
    port: options.port ?? 0,
    tls: { key: certificate.keyPem, cert: certificate.certificatePem },
    answer: (request) => dispatch(parts, request),
    now,
    onError,
  });
  const http = await startServer({
    port: 0,
    answer: async (request) =>
      (await parts.managedIdentity.handle(request)) ?? nothingHere(request),
    now,
    onError,
  });
  return { https, http };
}

async function dispatch(parts: Parts, request: WireRequest): Promise<WireReply | "hang-up"> {
  // Reading the clock lets the world catch up before anybody looks at it.
  parts.environment.pacer.now();
  const isControl = request.path.toLowerCase().startsWith("/_emulator");
  const fault = isControl ? undefined : await parts.faults.meet(request);
  if (fault) return fault;
  for (const service of parts.services) {
    const reply = await service.handle(request);
    if (reply) return reply;
  }
  return nothingHere(request);
}

function nothingHere(request: WireRequest): WireReply {
  const message = `There is nothing at ${request.path}.`;
  return { status: 404, body: { error: { code: "NotFound", message } } };
}

interface WrittenFiles {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

async function writeFiles(directory: string, made: ServerCertificate): Promise<WrittenFiles> {
  const files: WrittenFiles = {
    ca: join(directory, "ca.pem"),
    certificate: join(directory, "server.pem"),
    key: join(directory, "server.key"),
  };
  await writeFile(files.ca, made.caPem);
  await writeFile(files.certificate, made.certificatePem);
  await writeFile(files.key, made.keyPem, { mode: 0o600 });
  return files;
}

function readyLine(environment: Environment, files: WrittenFiles, msiPort: number): ReadyLine {
  const origin = environment.origin();
  const { tenant, subscription } = environment;
  return {
    arm: origin,
    authority: `${origin}/${tenant}`,
    ca: files.ca,
    msi: `http://127.0.0.1:${msiPort}/msi/token`,
    subscription,
    control: `${origin}/_emulator`,
    tenant,
    github: `${origin}/github`,
    oidc: `${origin}/oidc`,
    certificate: files.certificate,
    key: files.key,
    pid: process.pid,
  };
}

function reportOnStderr(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`emulator: ${text}\n`);
}
