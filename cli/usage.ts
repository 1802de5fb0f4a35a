/** The command line cannot be understood: exit code 2, as shells and most tools have it. */
export class UsageError extends Error {
  /** How the command is called: the first line of what its `--help` prints. */
  readonly synopsis: string | undefined;

  constructor(message: string, usage?: string) {
    super(message);
    this.name = "UsageError";
    this.synopsis = usage?.trim().split("\n", 1)[0];
  }
}
