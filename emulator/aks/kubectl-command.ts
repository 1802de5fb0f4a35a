import { invalid } from "../arm/refusal.ts";

/** Commands that look at a cluster or change what is in it; none that reads files, opens ports or stays. */
const VERBS = new Set([
  "annotate",
  "api-resources",
  "api-versions",
  "auth",
  "autoscale",
  "cluster-info",
  "cordon",
  "create",
  "delete",
  "describe",
  "drain",
  "events",
  "explain",
  "get",
  "label",
  "logs",
  "patch",
  "rollout",
  "scale",
  "set",
  "taint",
  "top",
  "uncordon",
  "version",
  "wait",
]);
/** Flags that name neither a file nor another server. */
const FLAGS = new Set(
  (
    "all all-namespaces api-group cascade chunk-size client container containers cpu-percent delete-emptydir-data " +
    "disable-eviction dry-run from-literal image max min " +
    "field-selector for force grace-period ignore-daemonsets ignore-not-found label-columns limit list namespace " +
    "namespaced no-headers now output overwrite patch pod-selector previous raw replicas selector short show-kind " +
    "show-labels show-managed-fields since sort-by subresource tail timeout type verbs wait"
  ).split(" "),
);
const SHORT_FLAGS = new Set("AcLlnop");
/** A word, or a part of one in quotes. */
const PIECE = /\s+|"((?:[^"\\]|\\.)*)"|'([^']*)'|((?:[^\s"'\\|&;<>()$`]|\\.)+)/y;

/** The arguments of `kubectl …`; throws ArmError 400 for anything that is not one plain kubectl command. */
export function kubectlArguments(command: string): readonly string[] {
  const [program, verb, ...rest] = wordsOf(command);
  if (program !== "kubectl") throw refuse(`'${program ?? ""}' is another program`);
  if (verb === undefined || !VERBS.has(verb))
    throw refuse(`'kubectl ${verb ?? ""}' is not among them`);
  const strange = rest.find((word) => !isPlain(word));
  if (strange !== undefined) throw refuse(`'${strange}' is not allowed`);
  return [verb, ...rest];
}

function wordsOf(command: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let at = 0;
  while (at < command.length) {
    PIECE.lastIndex = at;
    const match = PIECE.exec(command);
    if (!match) throw refuse(`'${command.slice(at, at + 1)}' needs a shell`);
    at += match[0].length;
    const [, double, single, bare] = match;
    const piece = single ?? (double ?? bare)?.replace(/\\(.)/g, "$1");
    if (piece !== undefined) word = (word ?? "") + piece;
    else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  return word === undefined ? words : [...words, word];
}

function isPlain(word: string): boolean {
  // Templates and columns may come from files.
  if (/^(--output[= ]?|-o=?)?(go-template|jsonpath|custom-columns)-file/.test(word)) return false;
  if (word.startsWith("--")) return FLAGS.has(word.slice(2).split("=", 1)[0] ?? "");
  return !/^-[A-Za-z]/.test(word) || SHORT_FLAGS.has(word.charAt(1));
}

function refuse(why: string): Error {
  return invalid(
    `Commands that run here are single kubectl commands (${[...VERBS].join(", ")}), without a shell and without files: ${why}.`,
    "RunCommandNotSupported",
  );
}
