// Memory without what nobody needs any more.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import type { HeapFigures } from './moments.ts';

/** Collects all garbage of this process, and says what it holds then. */
export function collectGarbage(): HeapFigures {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  const { heapUsed, heapTotal, external, rss } = process.memoryUsage();
  return { heapUsed, heapTotal, external, rss };
}
