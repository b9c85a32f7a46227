// A user's regular expression, as proxies take it: RE2, which never takes longer than what it looks at is long. Nobody but
// us looks at it before a proxy does, and there one that can't be read would hold up the routes of all services beside it.

import { RE2JS } from 're2js';
import { z } from 'zod';
import type { RuleParams } from './parsed.ts';

/** Envoy itself has no limit of its own that would be reached before these (translate/bootstrap.ts). */
const maxLength = 2_000;
const maxInstructions = 1_000;

/** What is wrong with an expression; undefined where proxies take it. */
export function regexMistake(text: string): string | undefined {
  if (text.length > maxLength) return `it is longer than ${maxLength} characters`;
  const wide = wideEscape(text);
  if (wide !== undefined) return `${wide} is more than a byte, and proxies compare bytes`;
  // As Envoy's RE2 does, which reads UTF-8 byte by byte.
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  try {
    const size = RE2JS.compile(bytes).programSize();
    if (size > maxInstructions)
      return `it comes to ${size} instructions, which is more than ${maxInstructions}`;
    // Where it stands in a larger one, too: `\Qa` would swallow what comes after it.
    RE2JS.compile(`(?:${bytes})`);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^error parsing regexp: /u, '') : String(error);
  }
}

/** The first escape for a character above 255. */
function wideEscape(text: string): string | undefined {
  for (const [escape, digits] of text.matchAll(/\\(?:x\{([0-9a-fA-F]+)\}|.)/gsu)) {
    if (digits !== undefined && Number.parseInt(digits, 16) > 0xff) return escape;
  }
  return undefined;
}

/** A regular expression; null and absent are the empty one. */
export const optionalRegex: z.ZodType<string> = z
  .string()
  .superRefine((text, context) => {
    const mistake = regexMistake(text);
    if (mistake === undefined) return;
    const params: RuleParams = {
      code: 'MAESH_REGEX_INVALID',
      advice: 'Write it as RE2 has it: without look-around and back-references',
    };
    const message = `a regular expression that proxies take (RE2): ${mistake}`;
    context.addIssue({ code: 'custom', message, params: { ...params } });
  })
  .nullish()
  .transform((text) => text ?? '');
