import { readFile } from "node:fs/promises";
import { join } from "node:path";

const FOLDER = join(import.meta.dirname, "documents");

/** The command blocks of a published document, by the comment that stands over each. */
export type CommandBlocks = ReadonlyMap<string, string>;

/** Commands stand in the file as in the document; only a line `# Title` begins a block. */
export async function readCommandBlocks(name: string): Promise<CommandBlocks> {
  const text = await readFile(join(FOLDER, name), "utf8");
  const blocks = text.split(/^# /m).slice(1);
  return new Map(
    blocks.map((block) => {
      const [title = "", ...commands] = block.split("\n");
      return [title.trim(), commands.join("\n").trim()] as const;
    }),
  );
}

/** A block with the names of the test in place of the document's; every one of them must occur. */
export function withNames(
  blocks: CommandBlocks,
  title: string,
  names: Readonly<Record<string, string>> = {},
): string {
  let commands = blocks.get(title);
  if (commands === undefined) throw new Error(`the document has no block ${title}`);
  for (const [name, replacement] of Object.entries(names)) {
    if (!commands.includes(name)) throw new Error(`${name} does not occur in ${title}`);
    commands = commands.replaceAll(name, replacement);
  }
  return commands;
}

/** Each command of all blocks on one line: continuation lines joined, comments and empty lines left out. */
export function commandLines(blocks: CommandBlocks): string[] {
  return [...blocks.values()]
    .flatMap((block) => block.replaceAll(/\\\n\s*/g, "").split("\n"))
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
