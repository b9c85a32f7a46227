// A program that serves until it is told to end: started, waited for, ended.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';

import { until } from '../../test/kit/until.ts';

/** A running program; ended when disposed of. */
export interface RunningServer extends AsyncDisposable {
  readonly pid: number;
}

/**
 * Starts a program and resolves when it accepts connections. Rejects with what it said where it ends instead.
 *
 * @param at where it is to accept connections.
 */
export async function startServer(
  command: readonly [program: string, ...args: string[]],
  at: { readonly host: string; readonly port: number },
  env?: NodeJS.ProcessEnv,
): Promise<RunningServer> {
  const [program, ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], ...(env && { env }) });
  const end = once(child, 'exit');
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-2000)));
  const dispose = async (): Promise<void> => {
    process.off('exit', kill);
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await end;
  };
  try {
    await until(`${program} to accept connections at ${at.host}:${at.port}`, () => {
      if (child.exitCode !== null) throw new Error(`It has ended: ${said}`);
      return accepts(at);
    });
  } catch (error) {
    await dispose();
    throw error;
  }
  return { pid: child.pid ?? 0, [Symbol.asyncDispose]: dispose };
}

function accepts(at: { readonly host: string; readonly port: number }): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect(at);
    socket.on('connect', () => resolve(true));
    socket.on('error', () => resolve(undefined));
    socket.on('connect', () => socket.destroy());
  });
}
