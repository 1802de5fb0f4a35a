/** A query of Azure Resource Graph: a table, and what is done with its rows, step by step. */
export interface Query {
  readonly table: string;
  readonly steps: readonly Step[];
}

export interface Column {
  readonly name: string;
  readonly value: Expression;
}

export type Step =
  | { readonly kind: "where"; readonly condition: Expression }
  | { readonly kind: "project" | "extend" | "distinct"; readonly columns: readonly Column[] }
  | { readonly kind: "project-away"; readonly names: readonly string[] }
  | { readonly kind: "mv-expand"; readonly column: Column }
  | { readonly kind: "summarize"; readonly count: string; readonly by: readonly Column[] }
  | { readonly kind: "order"; readonly keys: readonly SortKey[] }
  | { readonly kind: "take"; readonly rows: number }
  | { readonly kind: "count" };

export interface SortKey {
  readonly value: Expression;
  readonly isAscending: boolean;
}

export type Expression =
  | { readonly kind: "value"; readonly value: string | number | boolean | null }
  | { readonly kind: "column"; readonly name: string }
  | { readonly kind: "member"; readonly of: Expression; readonly key: string | number }
  | { readonly kind: "call"; readonly name: string; readonly with: readonly Expression[] }
  | { readonly kind: "compare"; readonly operator: string; readonly sides: Sides }
  | {
      readonly kind: "in";
      readonly value: Expression;
      readonly list: readonly Expression[];
      readonly ignoresCase: boolean;
      readonly isNegated: boolean;
    }
  | { readonly kind: "and" | "or"; readonly sides: Sides };

type Sides = readonly [Expression, Expression];
