/** A kind that is asked and answered, and never kept. */
export interface ReviewKind {
  readonly group: string;
  readonly version: "v1";
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

export const REVIEW_KINDS: readonly ReviewKind[] = [
  reviewKind("authentication.k8s.io", "SelfSubjectReview"),
  reviewKind("authentication.k8s.io", "TokenReview"),
  reviewKind("authorization.k8s.io", "LocalSubjectAccessReview", true),
  reviewKind("authorization.k8s.io", "SelfSubjectAccessReview"),
  reviewKind("authorization.k8s.io", "SelfSubjectRulesReview"),
  reviewKind("authorization.k8s.io", "SubjectAccessReview"),
];

function reviewKind(group: string, kind: string, namespaced = false): ReviewKind {
  const singular = kind.toLowerCase();
  return { group, version: "v1", plural: `${singular}s`, singular, kind, namespaced };
}
