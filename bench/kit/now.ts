// One clock for all processes.

/** Milliseconds of a clock that all processes of the machine share (CLOCK_MONOTONIC). */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
