// Weights as whole numbers that Envoy takes, whatever their sum is.

/** What all weights of a split are in, together. */
export const wholeMillion = 1_000_000;

/**
 * The upper end of each weight's part of a million: ascending, the last is a million. Each part is right to a millionth,
 * and none is empty.
 */
export function portions(weights: readonly number[]): readonly number[] {
  let total = 0;
  for (const weight of weights) total += weight;
  const ends: number[] = [];
  let sum = 0;
  for (const [index, weight] of weights.entries()) {
    sum += weight;
    const least = (ends.at(-1) ?? 0) + 1;
    const most = wholeMillion - (weights.length - 1 - index);
    ends.push(Math.min(Math.max(Math.round((sum / total) * wholeMillion), least), most));
  }
  return ends;
}
