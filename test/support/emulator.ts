import { request as httpsRequest } from "node:https";
import { ContainerServiceClient } from "@azure/arm-containerservice";
import { ContainerServiceFleetClient } from "@azure/arm-containerservicefleet";
import { startEmulator } from "../../emulator/emulator.ts";
import type { EmulatorOptions, RunningEmulator } from "../../emulator/emulator.ts";
import { DEFAULT_SCENARIO } from "../../emulator/scenario.ts";
import type { Principal } from "../../emulator/service.ts";

/** How often SDK pollers look while the clock runs thousands of times faster. */
const POLL_MILLISECONDS = 20;

export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON; undefined when it is not. */
  readonly json: unknown;
}

export interface CallOptions {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whose token; the owner's unless null (no token at all). */
  readonly as?: string | null;
}

export interface TestEmulator extends RunningEmulator {
  /** PEM of the CA, for `tlsOptions: { ca }`. */
  readonly ca: string;
  readonly aks: ContainerServiceClient;
  readonly fleet: ContainerServiceFleetClient;
  /** A token for a principal of the scenario (or `owner`) without a round trip. */
  token(principal?: string, audience?: string): string;
  credential(principal?: string): {
    getToken(): Promise<{ token: string; expiresOnTimestamp: number }>;
  };
  /** A raw request to a path of the emulator. */
  call(path: string, options?: CallOptions): Promise<WireAnswer>;
  /** A call of control, such as `control("POST", "/clock", { advance: "PT1H" })`. */
  control(method: string, path: string, body?: unknown): Promise<unknown>;
  /** Options for SDK calls that poll. */
  readonly polling: { readonly updateIntervalInMs: number };
}

/** An emulator in this process with SDK clients that trust it; close it after the test. */
export async function startTestEmulator(options: EmulatorOptions = {}): Promise<TestEmulator> {
  const errors: unknown[] = [];
  // As in Azure, unless a test says otherwise: what wastes calls is found out here.
  const scenario = { throttling: true, ...(options.scenario ?? DEFAULT_SCENARIO) };
  const onError = (error: unknown): number => errors.push(error);
  const emulator = await startEmulator({ onError, ...options, scenario });
  const { environment, ready } = emulator;
  const ca = environment.caPem;

  function token(principal = "owner", audience = ready.arm): string {
    return environment.tokens.issue(principalNamed(emulator, principal), audience).token;
  }
  const credential = (principal?: string): ReturnType<TestEmulator["credential"]> => ({
    getToken: async () => ({
      token: token(principal),
      expiresOnTimestamp: Date.now() + 3_000_000,
    }),
  });
  const clientOptions = { endpoint: ready.arm, tlsOptions: { ca } };
  const call = (path: string, callOptions: CallOptions = {}): Promise<WireAnswer> => {
    const as = callOptions.as === undefined ? "owner" : callOptions.as;
    const authorization = as === null ? {} : { authorization: `Bearer ${token(as)}` };
    return send(`${ready.arm}${path}`, ca, {
      ...callOptions,
      headers: { ...authorization, ...callOptions.headers },
    });
  };
  return {
    ...emulator,
    ca,
    aks: new ContainerServiceClient(credential(), ready.subscription, clientOptions),
    fleet: new ContainerServiceFleetClient(credential(), ready.subscription, clientOptions),
    token,
    credential,
    call,
    polling: { updateIntervalInMs: POLL_MILLISECONDS },
    async control(method, path, body) {
      const answer = await call(`/_emulator${path}`, { method, body, as: null });
      if (answer.status >= 300) throw new Error(`control ${method} ${path}: ${answer.text}`);
      return answer.json;
    },
    async close() {
      await emulator.close();
      if (errors.length > 0) throw new AggregateError(errors, "the emulator reported errors");
    },
  };
}

function principalNamed(emulator: RunningEmulator, name: string): Principal {
  const found = emulator.environment.tokens.principals.find((one) => one.name === name);
  if (!found) throw new Error(`the scenario has no principal ${name}`);
  return found;
}

/** One request that trusts the emulator's CA alone. */
export function send(url: string, ca: string, options: CallOptions = {}): Promise<WireAnswer> {
  const payload = options.body === undefined ? undefined : encode(options.body);
  const headers = {
    ...(payload === undefined ? {} : { "content-type": "application/json" }),
    ...options.headers,
  };
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(
      url,
      { method: options.method ?? "GET", headers, ca, agent: false },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          const status = incoming.statusCode ?? 0;
          resolve({ status, headers: incoming.headers, text, json: parseJson(text) });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(payload);
  });
}

function encode(body: unknown): string | Buffer {
  return typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
