export type InTurn = <T>(task: () => Promise<T>) => Promise<T>;

/** Requests read, decide and write over several awaits: one after the other is their transaction. */
export function oneAtATime(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const next = last.then(task);
    last = next.catch(() => undefined);
    return next;
  };
}
