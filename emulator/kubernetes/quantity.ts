/** Powers of ten and of two that a suffix stands for. Source: kubernetes.io, Quantity */
const FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};
const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([A-Za-z]{0,2})$/;

/** `250m` is 0.25, `1Gi` 1073741824; undefined for what is no quantity. */
export function parseQuantity(value: unknown): number | undefined {
  const [, number = "", suffix = ""] = QUANTITY.exec(String(value)) ?? [];
  const factor = FACTORS[suffix];
  return number === "" || factor === undefined ? undefined : Number(number) * factor;
}
