// The program `maesh`: a command line in, an exit code out. 0 is success; 1 is a wrong call, a failure, or, for
// `maesh check`, a problem found.

import { runCli } from './cli.ts';
import { processSurroundings } from './surroundings.ts';
import { processTerminal } from './output.ts';

// The code is set, not exited with: output that a pipe has not taken yet would be lost.
process.exitCode = await runCli(process.argv.slice(2), {
  terminal: processTerminal(),
  surroundings: processSurroundings(),
});
