/**
 * A pure function of an object that nobody changes, worked out once for each such object and kept for as long as it
 * lives. A look asks the same of one run many times, and a run may have a thousand members.
 */
export function oncePer<Key extends object, Value>(
  work: (key: Key) => Value & ({} | null),
): (key: Key) => Value {
  const known = new WeakMap<Key, Value & ({} | null)>();
  return (key) => {
    const before = known.get(key);
    if (before !== undefined) return before;
    const value = work(key);
    known.set(key, value);
    return value;
  };
}

/** The same of a text. At most `most` answers are kept, for a process may live for weeks. */
export function oncePerText<Value>(
  most: number,
  work: (text: string) => Value & ({} | null),
): (text: string) => Value {
  const known = new Map<string, Value & ({} | null)>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const value = work(text);
    if (known.size >= most) known.clear();
    known.set(text, value);
    return value;
  };
}
