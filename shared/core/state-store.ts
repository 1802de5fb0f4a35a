/**
 * Small rows of JSON with optimistic concurrency: what the functions remember between two looks at
 * the world. Everything in them can be derived again from Azure and GitHub.
 */
export interface StateStore {
  get<T>(partition: string, row: string): Promise<StoredRow<T> | undefined>;
  list<T>(partition: string): Promise<StoredRow<T>[]>;
  /** Creates a row and answers its ETag; `undefined` when it exists already. */
  insert(partition: string, row: string, value: unknown): Promise<string | undefined>;
  /** Replaces a row that still has this ETag and answers the new one; `undefined` when somebody else wrote it first. */
  replace(
    partition: string,
    row: string,
    value: unknown,
    etag: string,
  ): Promise<string | undefined>;
  /** Deletes a row, or only as it was with this ETag: `false` when somebody else wrote it since. A row that is gone already is no error. */
  remove(partition: string, row: string, etag?: string): Promise<boolean>;
}

export interface StoredRow<T> {
  readonly row: string;
  readonly value: T;
  readonly etag: string;
}
