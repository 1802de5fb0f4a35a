import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ReadyLine } from "../../emulator/emulator.ts";
import { runProgram } from "./client-program.ts";
import type { Outcome } from "./client-program.ts";

/** Nothing listens here: a call that would leave the machine fails at once. */
const CLOSED_PROXY = "http://127.0.0.1:9";
const CLOUD = "local";

export interface AzureCli {
  readonly env: NodeJS.ProcessEnv;
  /** Its private home, for files that commands read and write. */
  readonly home: string;
  /** `az` with these arguments, in words: `az("aks list -o table")`. */
  az(command: string): Promise<Outcome>;
  /** The JSON that a command prints; throws what it complains about when it fails. */
  json(command: string): Promise<unknown>;
  /** A block of a document in a shell that stops at the first failure. */
  shell(commands: string): Promise<Outcome>;
  /** The same at a terminal where somebody answers yes to every question. */
  shellAnswered(commands: string): Promise<Outcome>;
  close(): Promise<void>;
}

/**
 * The same, signed in with the secret of a service principal of the scenario, after the cloud has described
 * itself: what somebody does who knows the address of the emulator alone.
 */
export async function signInAsServicePrincipal(
  ready: ReadyLine,
  { clientId, secret }: { readonly clientId: string; readonly secret: string },
): Promise<AzureCli> {
  const home = await mkdtemp(join(tmpdir(), "fleetwright-az-"));
  const { MSI_ENDPOINT: _none, ...env } = isolated(home, ready);
  const cli = commandsIn(home, env);
  await cli.json(`cloud register -n ${CLOUD} --endpoint-resource-manager ${ready.arm}`);
  await cli.json(`cloud set -n ${CLOUD}`);
  await cli.json(`login --service-principal -u ${clientId} -p ${secret} --tenant ${ready.tenant}`);
  return cli;
}

/** The Azure CLI with a configuration of its own, signed in to the emulator by its managed identity. */
export async function signIn(ready: ReadyLine): Promise<AzureCli> {
  const home = await mkdtemp(join(tmpdir(), "fleetwright-az-"));
  const cli = commandsIn(home, isolated(home, ready));
  const { arm } = ready;
  const endpoints =
    `--endpoint-resource-manager ${arm} --endpoint-active-directory ${arm}/adfs ` +
    "--endpoint-active-directory-resource-id https://management.core.windows.net/ " +
    `--endpoint-active-directory-graph-resource-id ${arm}/graph`;
  await cli.json(`cloud register -n ${CLOUD} ${endpoints}`);
  await cli.json(`cloud set -n ${CLOUD}`);
  await cli.json("login --identity");
  return cli;
}

function isolated(home: string, ready: ReadyLine): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    HOME: home,
    AZURE_CONFIG_DIR: join(home, "azure"),
    AZURE_EXTENSION_DIR: join(home, "extensions"),
    AZURE_CORE_COLLECT_TELEMETRY: "no",
    AZURE_CORE_SURVEY_MESSAGE: "no",
    AZURE_CORE_ERROR_RECOMMENDATION: "off",
    AZURE_CORE_NO_COLOR: "yes",
    AZURE_EXTENSION_USE_DYNAMIC_INSTALL: "no",
    HTTPS_PROXY: CLOSED_PROXY,
    HTTP_PROXY: CLOSED_PROXY,
    NO_PROXY: "127.0.0.1,localhost",
    MSI_ENDPOINT: ready.msi,
    REQUESTS_CA_BUNDLE: ready.ca,
    KUBECONFIG: join(home, "kubeconfig"),
  };
}

function commandsIn(home: string, env: NodeJS.ProcessEnv): AzureCli {
  const az = (command: string): Promise<Outcome> =>
    runProgram("az", command.split(" "), { env, folder: home });
  return {
    env,
    home,
    az,
    async json(command) {
      const { code, stdout, stderr } = await az(`${command} -o json`);
      if (code !== 0) throw new Error(`az ${command} ended with ${code}: ${stderr}`);
      return stdout.trim() === "" ? undefined : JSON.parse(stdout);
    },
    shell: (commands) => runProgram("bash", ["--norc", "-euc", commands], { env, folder: home }),
    // `script` gives the commands the terminal without which az asks nothing and gives up.
    shellAnswered: (commands) =>
      runProgram("script", ["-qec", 'bash --norc -euc "$COMMANDS"', "/dev/null"], {
        env: { ...env, COMMANDS: commands, SHELL: "/bin/bash" },
        folder: home,
        input: "y\n",
      }),
    close: () => rm(home, { recursive: true, force: true }),
  };
}
