// Data as a document of its own, for people or programs to read back.

import { dump } from 'js-yaml';

/** The text of a document. In YAML no line is folded and nothing is an alias of something else. */
export function documentText(data: object, format: 'yaml' | 'json'): string {
  return format === 'json'
    ? `${JSON.stringify(data, undefined, 2)}\n`
    : dump(data, { lineWidth: -1, noRefs: true });
}
