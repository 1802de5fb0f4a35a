import Module from "node:module";
import { toError } from "../../shared/core/errors.ts";
import type { FunctionMetadata, InvocationRequest, InvocationResponse } from "./rpc.ts";

/** The module that the Node worker puts behind `require` and that npm does not have. */
const CORE_MODULE = "@azure/functions-core";
/** A host of the fourth generation; the library asks for features by presence, not by number. */
const HOST_VERSION = "4.1037.0";

export interface LogLine {
  readonly level: string;
  readonly category: string;
  readonly message: string;
  readonly functionName?: string;
  readonly invocationId?: string;
}

type FunctionCallback = (...inputs: unknown[]) => unknown;

interface RegisteredFunction {
  readonly metadata: FunctionMetadata;
  readonly callback: FunctionCallback;
}

/** What the library hands over to make arguments and responses (its own, so they are the real ones). */
interface ProgrammingModel {
  getInvocationModel(context: CoreInvocationContext): InvocationModel;
}

interface InvocationModel {
  getArguments(): Promise<{ readonly context: unknown; readonly inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<InvocationResponse>;
}

interface CoreInvocationContext {
  readonly invocationId: string;
  readonly request: InvocationRequest;
  readonly metadata: FunctionMetadata;
  state: "preInvocationHooks" | "invocation" | "postInvocationHooks";
  log(level: string, category: string, message: string): void;
}

type HookName = "appStart" | "appTerminate" | "preInvocation" | "postInvocation" | "log";
type Hook = (context: Record<string, unknown>) => unknown;
const HOOK_NAMES = ["appStart", "appTerminate", "preInvocation", "postInvocation", "log"] as const;

export interface FunctionsCore {
  readonly functions: ReadonlyMap<string, RegisteredFunction>;
  /** Runs the hooks of the app's start; after it nothing can be registered. */
  start(functionAppDirectory: string): Promise<void>;
  /** Calls a function as the worker does; rejects with what it threw. */
  invoke(name: string, request: InvocationRequest): Promise<InvocationResponse>;
  terminate(): Promise<void>;
  /** Takes the module away again. */
  restore(): void;
}

/**
 * The worker's side of `@azure/functions`: an own object behind `require("@azure/functions-core")`. It must be
 * there before the first function module runs: the library asks once and remembers a failure.
 */
export function createFunctionsCore(onLog: (line: LogLine) => void): FunctionsCore {
  const core = new Core(onLog);
  // The worker's own seam (setupCoreModule.ts of azure-functions-nodejs-worker).
  const original = Module.prototype.require;
  const intercepted = new Proxy(original, {
    apply: (target, self: unknown, args: [string]) =>
      args[0] === CORE_MODULE ? core.exports : Reflect.apply(target, self, args),
  });
  Module.prototype.require = intercepted;
  return Object.assign(core, {
    restore() {
      if (Module.prototype.require === intercepted) Module.prototype.require = original;
    },
  });
}

class Core {
  readonly functions = new Map<string, RegisteredFunction>();
  readonly exports: object;
  readonly #onLog: (line: LogLine) => void;
  readonly #hooks = new Map<HookName, Hook[]>(HOOK_NAMES.map((name) => [name, []]));
  /** Shared by all hooks of the app, as the library documents. */
  readonly #appHookData = {};
  #model: ProgrammingModel | undefined;
  #isStarted = false;

  constructor(onLog: (line: LogLine) => void) {
    this.#onLog = onLog;
    this.exports = {
      version: "fleetwright",
      hostVersion: HOST_VERSION,
      Disposable,
      setProgrammingModel: (model: ProgrammingModel) => {
        this.#model = model;
      },
      getProgrammingModel: () => this.#model,
      log: (level: string, category: string, message: string) =>
        this.#log({ level, category, message }),
      registerHook: (name: HookName, hook: Hook) => this.#registerHook(name, hook),
      registerFunction: (metadata: FunctionMetadata, callback: FunctionCallback) =>
        this.#registerFunction(metadata, callback),
    };
  }

  async start(functionAppDirectory: string): Promise<void> {
    await this.#run("appStart", { functionAppDirectory });
    this.#isStarted = true;
  }

  async terminate(): Promise<void> {
    await this.#run("appTerminate", {});
  }

  async invoke(name: string, request: InvocationRequest): Promise<InvocationResponse> {
    const registered = this.functions.get(name);
    if (!registered || !this.#model) throw new Error(`there is no function "${name}"`);
    const coreContext = this.#coreContext(registered.metadata, request);
    const model = this.#model.getInvocationModel(coreContext);
    const { context, inputs } = await model.getArguments();
    const hookData = {};
    const before = {
      hookData,
      invocationContext: context,
      inputs,
      functionCallback: registered.callback,
    };
    await this.#run("preInvocation", before);
    coreContext.state = "invocation";
    const after = await outcome(() =>
      model.invokeFunction(context, before.inputs, before.functionCallback),
    );
    coreContext.state = "postInvocationHooks";
    const seen = { hookData, invocationContext: context, inputs: before.inputs, ...after };
    await this.#run("postInvocation", seen);
    if (seen.error !== null) throw toError(seen.error);
    return model.getResponse(context, seen.result);
  }

  #coreContext(metadata: FunctionMetadata, request: InvocationRequest): CoreInvocationContext {
    const { invocationId } = request;
    return {
      invocationId,
      request,
      metadata,
      state: "preInvocationHooks",
      log: (level, category, message) =>
        this.#log({ level, category, message, functionName: metadata.name, invocationId }),
    };
  }

  #registerFunction(metadata: FunctionMetadata, callback: FunctionCallback): Disposable {
    if (this.#isStarted) {
      throw new Error(`A function can only be registered during app startup: "${metadata.name}".`);
    }
    if (this.functions.has(metadata.name)) {
      throw new Error(`A function with name "${metadata.name}" has already been registered.`);
    }
    this.functions.set(metadata.name, { metadata, callback });
    return new Disposable(() => this.functions.delete(metadata.name));
  }

  #registerHook(name: HookName, hook: Hook): Disposable {
    const hooks = this.#hooks.get(name);
    if (!hooks) throw new RangeError(`Unrecognized hook "${String(name)}"`);
    hooks.push(hook);
    return new Disposable(() => hooks.splice(hooks.indexOf(hook), 1));
  }

  async #run(name: HookName, context: Record<string, unknown>): Promise<void> {
    const full = Object.assign(context, { appHookData: this.#appHookData });
    full["hookData"] ??= {};
    for (const hook of this.#hooks.get(name) ?? []) await hook(full);
  }

  #log(line: LogLine): void {
    const told = { hookData: {}, appHookData: this.#appHookData, ...line };
    for (const hook of this.#hooks.get("log") ?? []) hook(told);
    this.#onLog({ ...line, level: told.level, message: told.message });
  }
}

async function outcome(call: () => Promise<unknown>): Promise<{ result: unknown; error: unknown }> {
  try {
    return { result: await call(), error: null };
  } catch (error) {
    return { result: null, error };
  }
}

class Disposable {
  readonly #dispose: () => void;

  constructor(dispose: () => void) {
    this.#dispose = dispose;
  }

  dispose(): void {
    this.#dispose();
  }
}
