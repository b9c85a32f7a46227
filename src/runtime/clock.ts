// Time, as something that is passed in: whoever waits or measures takes a Clock, so that tests can hold time still.

/** A running timer; cancelling one that has fired or was cancelled does nothing. */
export interface Timer {
  cancel(): void;
}

/** Monotonic time and timers, in milliseconds. */
export interface Clock {
  /** Milliseconds since an arbitrary moment; never goes backwards, whatever the wall clock does. */
  now(): number;
  /** Calls `action` once, after `delayMs`; the machine's clock after 24 days at the latest. The timer keeps the process alive no longer than anything else does. */
  after(delayMs: number, action: () => void): Timer;
}

/** The longest time that a timer of Node takes, in milliseconds; one of more fires at once. */
export const longestTimerMs: number = 2 ** 31 - 1;

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, action) {
    const timeout = setTimeout(action, Math.min(delayMs, longestTimerMs));
    timeout.unref();
    return { cancel: () => clearTimeout(timeout) };
  },
};
