/**
 * Does a label's value meet one requirement of a selector? An operator that Kubernetes does not know is met by nothing.
 * Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#set-based-requirement
 */
export function meets(
  { operator, values = [] }: { readonly operator: string; readonly values?: readonly string[] },
  value: string | undefined,
): boolean {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      return false;
  }
}
