// Weights as whole numbers that Envoy takes, whatever their sum is.

/** What all portions come to together. */
export const wholeMillion = 1_000_000;

/** Each weight's part of a million: right to a millionth, and never nothing. Weights are above 0, and far fewer than a million. */
export function portions(weights: readonly number[]): readonly number[] {
  let total = 0;
  for (const weight of weights) total += weight;
  const parts: number[] = [];
  let sum = 0;
  let end = 0;
  for (const [index, weight] of weights.entries()) {
    sum += weight;
    // Leaves a millionth for each that is to come.
    const most = wholeMillion - (weights.length - 1 - index);
    const next = Math.min(Math.max(Math.round((sum / total) * wholeMillion), end + 1), most);
    parts.push(next - end);
    end = next;
  }
  return parts;
}
