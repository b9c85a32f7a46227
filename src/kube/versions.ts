// The order of resource versions. Every API server of Kubernetes 1.35 and later promises that those of one resource are
// decimal numbers that grow (KEP-5504); those before behave so.

const decimal = /^[1-9]\d*$/;

/** Negative where `a` is older than `b`, positive where newer, 0 where the same; undefined where they have no order. */
export function compareVersions(a: string, b: string): number | undefined {
  if (a === b) return 0;
  if (!decimal.test(a) || !decimal.test(b)) return undefined;
  // Numbers of 64 bits don't fit into JavaScript's, but their digits compare.
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : 1;
}
