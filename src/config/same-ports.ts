// Two uses of one port: the mistake that settings make which are right one by one.

import type { Mistake } from './mistake.ts';
import { flagName } from './setting.ts';

/** A mistake for each of the named ports that one before it has taken. Any number of them may be 0, which is any free one. */
export function samePorts<Name extends string>(
  options: Readonly<Record<Name, number>>,
  names: readonly Name[],
): readonly Mistake[] {
  const mistakes: Mistake[] = [];
  const taken = new Map<number, Name>();
  for (const name of names) {
    const port = options[name];
    const other = taken.get(port);
    if (port === 0) continue;
    if (other === undefined) taken.set(port, name);
    else {
      mistakes.push({
        what: `${flagName(name)} ${port}`,
        why: `${flagName(other)} is the same port`,
        advice: 'give each a port of its own, or 0 for any free one',
      });
    }
  }
  return mistakes;
}
