// How the controller's memory is managed, however it is started.

/**
 * Flags of Node. The young generation of V8 takes up to 128 MiB by itself and the old one grows to four times what
 * is in use before it is cleaned up, for the sake of programs that compute all day. The controller rests nearly always:
 * with these its memory stays near what it holds, for a tenth to a third more processor time while it works.
 */
export const heapFlags: readonly string[] = ['--max-semi-space-size=4', '--heap-growing-percent=30'];

/**
 * Starts the program anew, as the same process, where these flags were not given and the call is one of those that go on
 * until they are ended. (The size of the young generation can't be set later: with `v8.setFlagsFromString` it stays.)
 *
 * @param args - the command line, without the program's own name.
 */
export function keepHeapSmall([first = '-']: readonly string[]): void {
  const goesOn = first === 'standalone' || first.startsWith('-');
  const isFlagged = heapFlags.every((flag) => process.execArgv.includes(flag));
  if (!goesOn || isFlagged || process.execve === undefined) return;
  const { execPath, execArgv, argv, env } = process;
  process.execve(execPath, [execPath, ...heapFlags, ...execArgv, ...argv.slice(1)], env);
}
