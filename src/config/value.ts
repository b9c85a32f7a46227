// Kinds of values that settings have: how each is written in a flag, a variable or a file, and what is wrong with one
// that can't be read. All three sources give text, so that a value means the same wherever it stands.

import { isIP, isIPv4 } from 'node:net';

import { orList } from './mistake.ts';
import { similarWord } from './similar.ts';

/** What a text turned out to be: a value, or what is wrong with it and what to do. */
export type ReadValue<T> = { readonly value: T } | { readonly why: string; readonly advice: string };

/** A kind of value. */
export interface ValueKind<T> {
  /** How help names a value: `<port>`. Undefined for a switch, which needs no value: naming it means yes. */
  readonly placeholder: string | undefined;
  /** Reads what a source gives: one text for each time that it names the setting, at least one. */
  read(texts: readonly string[]): ReadValue<T>;
  /** How help and documents show a value; empty for one that there is nothing to say about. */
  show(value: T): string;
}

/** A kind of which a setting has one value. Where a source names it several times, the last counts, as in the original. */
function single<T>(placeholder: string | undefined, read: (text: string) => ReadValue<T>): ValueKind<T> {
  return {
    placeholder,
    read: (texts) => read(texts.at(-1) ?? ''),
    show: (value) => (value === undefined ? '' : String(value)),
  };
}

/** The same kind for a setting that need not have a value. */
export function optional<T>(kind: ValueKind<T>): ValueKind<T | undefined> {
  return { ...kind, show: (value) => (value === undefined ? '' : kind.show(value)) };
}

/** The same kind for a setting that an empty text leaves without a value, as the original takes it. */
export function unlessEmpty<T>(kind: ValueKind<T>): ValueKind<T | undefined> {
  return {
    ...optional(kind),
    read: (texts) => (texts.at(-1) === '' ? { value: undefined } : kind.read(texts)),
  };
}

/** Any text that is not empty, such as a path or a name. */
export function text(placeholder: string): ValueKind<string> {
  return single(placeholder, (value) =>
    value === '' ? { why: 'it is empty', advice: `give a ${placeholder}` } : { value },
  );
}

const hostAdvice = {
  why: 'not an address',
  advice: 'give an IP address or a host name alone, without a port',
};

/** Whether a text is anything but an address or a name: a URL, an address with a port. */
function isNoHost(value: string): boolean {
  return /[\s/]/.test(value) || /^[^:]*:\d+$/.test(value);
}

/** An address to listen on; empty means all of the machine's, as in the original. */
export const listenHost: ValueKind<string> = single('host', (value) =>
  isNoHost(value) ? hostAdvice : { value },
);

/** An address or a name by which another program is reached. */
export const peerHost: ValueKind<string> = single('host', (value) =>
  value === '' || isNoHost(value) ? hostAdvice : { value },
);

/** An IP address of either family. */
export const ipAddress: ValueKind<string> = single('address', (value) =>
  isIP(value) === 0
    ? { why: 'not an IP address', advice: 'give one such as 127.0.0.1, without a port' }
    : { value },
);

/** A switch. Its values are those that Go's `ParseBool` takes, as in the original; without one it is on. */
export const toggle: ValueKind<boolean> = single(undefined, (value) => {
  const known = /^(?:(1|t|true)|0|f|false)$/i.exec(value);
  if (known === null) return { why: 'neither true nor false', advice: 'use true or false' };
  return { value: known[1] !== undefined };
});

/** A name as DNS and Kubernetes have it. */
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** The name of a namespace. */
export const namespaceName: ValueKind<string> = single('name', (value) =>
  label.test(value)
    ? { value }
    : {
        why: 'no namespace can have this name',
        advice: 'use up to 63 lower-case letters, digits and dashes, with no dash at either end',
      },
);

/** The name of an object, as most kinds have it: labels with dots between them. */
export const objectName: ValueKind<string> = single('name', (value) =>
  value.length <= 253 && value.split('.').every((part) => label.test(part))
    ? { value }
    : {
        why: 'no object can have this name',
        advice: 'use lower-case letters, digits, dashes and dots, with a letter or digit at either end',
      },
);

/** A domain of DNS: `traefik.mesh`. A dot behind it, which says that it is whole, is left out. */
export const domainName: ValueKind<string> = single('domain', (written) => {
  const value = written.toLowerCase().replace(/\.$/, '');
  return value.length <= 253 && value.split('.').every((part) => label.test(part))
    ? { value }
    : {
        why: 'not a domain',
        advice: 'use letters, digits and dashes, with dots between, such as mesh.example',
      };
});

/** Several texts: separated by commas, named several times, or both. */
export function list(placeholder: string): ValueKind<readonly string[]> {
  return {
    placeholder,
    read: (texts) => {
      const value = texts.flatMap((each) => each.split(',')).map((each) => each.trim());
      return value.includes('')
        ? { why: 'one of the list is empty', advice: `give every ${placeholder}, separated by commas` }
        : { value };
    },
    show: (value) => value.join(','),
  };
}

/** Names of namespaces, written as a list; an empty text is none, as in the original. */
export const namespaceNames: ValueKind<readonly string[]> = {
  ...list('name'),
  read: (texts) => {
    if (texts.every((each) => each.trim() === '')) return { value: [] };
    const names = list('name').read(texts);
    if ('why' in names) return names;
    for (const name of names.value) {
      const read = namespaceName.read([name]);
      if ('why' in read) return { ...read, why: `${name}: ${read.why}` };
    }
    return names;
  },
};

/** Domains, at least one, written as a list. */
export const domainNames: ValueKind<readonly string[]> = {
  ...list('domain'),
  read: (texts) => {
    const names = list('domain').read(texts);
    if ('why' in names) return names;
    const domains: string[] = [];
    for (const name of names.value) {
      const read = domainName.read([name]);
      if ('why' in read) return { ...read, why: `${name}: ${read.why}` };
      if (!domains.includes(read.value)) domains.push(read.value);
    }
    return { value: domains };
  },
};

/** A whole number, `least` or more. */
export function count(least: number): ValueKind<number> {
  return single('number', (value) => {
    const number = wholeNumber(value);
    return number === undefined || number < least
      ? {
          why: `not a whole number from ${least}`,
          advice: `use digits alone, such as ${Math.max(least, 10)}`,
        }
      : { value: number };
  });
}

/** A port; 0 stands for any free one. */
export const port: ValueKind<number> = single('port', (value) => {
  const number = wholeNumber(value);
  return number === undefined || number > 65_535
    ? { why: 'not a port', advice: 'use a number from 1 to 65535, or 0 for any free port' }
    : { value: number };
});

/** One of some words, in any case. Help shows the words themselves unless they are too many, and then the placeholder. */
export function choice<T extends string>(
  words: readonly T[],
  placeholder: string = words.join('|'),
): ValueKind<T> {
  return single(placeholder, (value) => {
    const known = words.find((word) => word === value.toLowerCase());
    if (known !== undefined) return { value: known };
    const near = similarWord(value, words);
    const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
    return { why: 'not one of the values that there are', advice: `use ${orList(words)}${hint}` };
  });
}

/** A range of loopback addresses, large enough to give one to each service. */
export const loopbackRange: ValueKind<string> = single('cidr', (value) => {
  const [address = '', length = ''] = value.split('/');
  const bits = wholeNumber(length) ?? 0;
  const isLoopback = isIPv4(address) && address.startsWith('127.') && bits >= 8 && bits <= 24;
  return isLoopback && value.split('/').length === 2
    ? { value }
    : {
        why: 'not a range of IPv4 loopback addresses',
        advice: 'use one within 127.0.0.0/8 from /8 to /24, such as 127.77.0.0/16',
      };
});

function wholeNumber(digits: string): number | undefined {
  return /^\d{1,15}$/.test(digits) ? Number(digits) : undefined;
}
