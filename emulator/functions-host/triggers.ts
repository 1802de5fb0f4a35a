import type { FunctionsCore } from "./core.ts";
import { FunctionAppError } from "./function-app.ts";
import type { RpcBinding } from "./rpc.ts";

/** What starts a function, read from its registration. */
export type Trigger = { readonly name: string; readonly binding: string } & (
  | { readonly type: "eventGridTrigger" }
  | {
      readonly type: "timerTrigger";
      readonly schedule: string;
      readonly runOnStartup: boolean;
      readonly useMonitor: boolean;
    }
  | {
      readonly type: "httpTrigger";
      readonly route: string;
      readonly methods: readonly string[];
      readonly authLevel: "anonymous" | "function" | "admin";
    }
);

export type Settings = Readonly<Record<string, string | undefined>>;

/** The triggers of everything registered; throws FunctionAppError for one that cannot run here. */
export function readTriggers(
  core: Pick<FunctionsCore, "functions">,
  settings: Settings,
): Trigger[] {
  if (core.functions.size === 0) throw new FunctionAppError("the app registers no function");
  return [...core.functions.values()].map(({ metadata }) => {
    const found = Object.entries(metadata.bindings).find(([, { type }]) => /trigger$/i.test(type));
    if (!found) throw new FunctionAppError(`the function ${metadata.name} has no trigger`);
    const [key, binding] = found;
    return readTrigger(metadata.name, key, binding, settings);
  });
}

function readTrigger(name: string, key: string, binding: RpcBinding, settings: Settings): Trigger {
  const common = { name, binding: key };
  switch (binding.type.toLowerCase()) {
    case "eventgridtrigger":
      return { ...common, type: "eventGridTrigger" };
    case "timertrigger":
      return {
        ...common,
        type: "timerTrigger",
        schedule: resolveSettings(binding.schedule ?? "", settings, name),
        runOnStartup: binding.runOnStartup ?? false,
        useMonitor: binding.useMonitor ?? true,
      };
    case "httptrigger":
      return {
        ...common,
        type: "httpTrigger",
        route: resolveSettings(binding.route ?? name, settings, name),
        methods: (binding.methods ?? ["GET", "POST"]).map((method) => method.toUpperCase()),
        authLevel: parseAuthLevel(binding.authLevel, name),
      };
    default:
      throw new FunctionAppError(
        `the function ${name} has a ${binding.type}; this host runs eventGridTrigger, timerTrigger and httpTrigger`,
      );
  }
}

function parseAuthLevel(
  level: string | undefined,
  name: string,
): "anonymous" | "function" | "admin" {
  const known = (["anonymous", "function", "admin"] as const).find(
    (each) => each === (level ?? "anonymous").toLowerCase(),
  );
  if (!known) throw new FunctionAppError(`the function ${name} has an unknown authLevel: ${level}`);
  return known;
}

/** `%NAME%` stands for an app setting. */
function resolveSettings(text: string, settings: Settings, functionName: string): string {
  return text.replace(/%([^%]+)%/g, (_, key: string) => {
    const value = settings[key];
    if (value === undefined) {
      throw new FunctionAppError(`the function ${functionName} needs the app setting ${key}`);
    }
    return value;
  });
}
