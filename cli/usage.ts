/** The command line cannot be understood: exit code 2, as shells and most tools have it. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}
