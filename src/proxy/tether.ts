// Starts a program that can't outlive this process, even if this process is killed and can do nothing more.
//
// The program hangs on a pipe. A shell leaves a watcher behind that reads the pipe, then becomes the program, so that
// the child's id, signals and end are the program's own. When this process goes, however it goes, the system closes
// the pipe and the watcher kills the program. (Linux could do the same with prctl's PDEATHSIG, which Node can't set.)

import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/** A program on a tether. It has a session of its own: a terminal's Ctrl-C doesn't reach it. */
export interface Tethered {
  /** The process of the program itself. Standard input and output are closed to it (/dev/null). */
  readonly process: ChildProcess;
  /** What it writes to standard error. */
  readonly stderr: Readable;
}

const watchedPipe = 3;

// A line says that the program has ended and that there is nothing to kill: its id may be another's by then.
const script = '{ read -r ended <&3 || kill -KILL $$; } >/dev/null 2>&1 & exec "$@" 3<&-';

/**
 * Starts a program. A program that can't be run shows as one that ends with code 127 (not there) or 126 (not
 * executable) and says so on standard error, as in a shell.
 */
export function spawnTethered(program: string, args: readonly string[]): Tethered {
  const child = spawn('sh', ['-c', script, 'sh', program, ...args], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const pipe = child.stdio[watchedPipe] as Writable;
  // The watcher's end is closed where something else has killed the watcher.
  pipe.on('error', () => {});
  child.on('exit', () => pipe.end('ended\n'));
  return { process: child, stderr: child.stderr as Readable };
}
