// What a piece of manifest text says: the objects in it, what is wrong with it, and what of it is left alone.

import { objectKey, type ObjectKey } from '../../model/key.ts';
import type { Kind, KubeObject } from '../../model/objects.ts';
import type { Problem } from '../../model/problem.ts';
import { problem } from './document-problem.ts';
import { kindParsers, type KindParser } from './kinds.ts';
import { isIdentified, subjectOf } from './parsed.ts';

/** What one piece of text says. Depends on nothing but the text, so it may be kept for as long as the text stays. */
export interface Reading {
  readonly objects: readonly KubeObject[];
  /** Objects that can be told but not read: whoever has a good one keeps it. */
  readonly unreadable: readonly { readonly kind: Kind; readonly key: ObjectKey }[];
  /** Whether some part cannot even be told to be an object or none: what was known of the text may still hold. */
  readonly isPartlyUnknown: boolean;
  /** Without origin, or with a line counted from the first line of the piece, 1-based, and no file. */
  readonly problems: readonly Problem[];
  /** Kinds that the mesh doesn't read, one entry an object: `Deployment.apps`, `ConfigMap`. */
  readonly ignoredKinds: readonly string[];
}

/** What the items of a typed list (`ServiceList`) are, since they don't say so themselves. */
export interface ItemType {
  readonly apiVersion: string;
  readonly kind: string;
}

/** Reads the value of a document: an object, a list of objects, or nothing. Never throws. */
export function readValue(value: unknown, itemType?: ItemType): Reading {
  const reading: MutableReading = {
    objects: [],
    unreadable: [],
    isPartlyUnknown: false,
    problems: [],
    ignoredKinds: [],
  };
  // A stack and not recursion, and every value once: lists may hold lists, and YAML's aliases can make few bytes
  // a list of millions of times the same.
  const seen = new Set<unknown>();
  const stack: { value: unknown; itemType: ItemType | undefined }[] = [{ value, itemType }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (next.value === null || next.value === undefined || seen.has(next.value)) continue;
    if (typeof next.value === 'object') seen.add(next.value);
    const list = listItems(next.value);
    if (list === undefined) readOne(next.value, next.itemType, reading);
    else for (const item of list.items.toReversed()) stack.push({ value: item, itemType: list.itemType });
  }
  return reading;
}

/** The type that items of a list of this kind have: none for `List`, whose items say it themselves. */
export function itemTypeOf(apiVersion: unknown, listKind: string): ItemType | undefined {
  if (listKind === 'List' || typeof apiVersion !== 'string') return undefined;
  return { apiVersion, kind: listKind.slice(0, -'List'.length) };
}

interface MutableReading {
  objects: KubeObject[];
  unreadable: { kind: Kind; key: ObjectKey }[];
  isPartlyUnknown: boolean;
  problems: Problem[];
  ignoredKinds: string[];
}

/** The items of a value that is a list of objects, as `kubectl get -o json` gives; undefined for any other value. */
export function listItems(
  value: unknown,
): { readonly items: readonly unknown[]; readonly itemType: ItemType | undefined } | undefined {
  if (!isMapping(value)) return undefined;
  const { kind, items, apiVersion } = value;
  if (typeof kind !== 'string' || !kind.endsWith('List')) return undefined;
  // kubectl writes a list of nothing as `items: []`, a Go program as null.
  if (kind === 'List' && (items === null || items === undefined)) return { items: [], itemType: undefined };
  return Array.isArray(items) ? { items, itemType: itemTypeOf(apiVersion, kind) } : undefined;
}

function readOne(value: unknown, itemType: ItemType | undefined, reading: MutableReading): void {
  if (!isMapping(value)) {
    refuseUnknown(reading, 'it is no mapping of fields', 'Remove it, or write a Kubernetes object');
    return;
  }
  const kind = value['kind'] ?? itemType?.kind;
  if (typeof kind !== 'string' || kind === '') {
    const advice = 'Give it a kind and an apiVersion, or move it out of the folder';
    refuseUnknown(reading, 'it has no kind', advice);
    return;
  }
  const apiVersion = value['apiVersion'] ?? itemType?.apiVersion;
  const { group, version } = splitVersion(apiVersion);
  const parser = Object.values(kindParsers).find((candidate) => candidate.kind === kind);
  // Without any apiVersion the kind's name has to do: more likely a mistake than another kind of the same name.
  if (parser !== undefined && (group === undefined || group === parser.group)) {
    const isVersionRead = version !== undefined && parser.versions.includes(version);
    readKind(parser, { value, apiVersion, isVersionRead }, reading);
  } else reading.ignoredKinds.push(fullKind(kind, group));
}

function fullKind(kind: string, group: string | undefined): string {
  return group === undefined || group === '' ? kind : `${kind}.${group}`;
}

function readKind(
  parser: KindParser,
  found: { readonly value: unknown; readonly apiVersion: unknown; readonly isVersionRead: boolean },
  reading: MutableReading,
): void {
  const subject = subjectOf(parser.kind, found.value);
  if (subject.name === '') {
    refuseUnknown(reading, `it is a ${parser.kind} without a name`, 'Give it a name (metadata.name)');
    return;
  }
  const parsed = found.isVersionRead ? parser.parse(found.value) : undefined;
  if (parsed !== undefined && 'object' in parsed) {
    reading.objects.push(parsed.object);
    return;
  }
  if (isIdentified(found.value)) {
    reading.unreadable.push({ kind: parser.kind, key: objectKey(subject.namespace, subject.name) });
  } else reading.isPartlyUnknown = true;
  if (parsed !== undefined) reading.problems.push(...parsed.problems);
  else reading.problems.push(problem.version(subject, found.apiVersion, parser));
}

function refuseUnknown(reading: MutableReading, why: string, advice: string): void {
  reading.isPartlyUnknown = true;
  reading.problems.push(problem.unknown(why, advice));
}

/** `apps/v1` → group `apps`; `v1` → the core group; anything that is no text → no group at all. */
function splitVersion(apiVersion: unknown): { readonly group?: string; readonly version?: string } {
  if (typeof apiVersion !== 'string' || apiVersion === '') return {};
  const slash = apiVersion.indexOf('/');
  if (slash === -1) return { group: '', version: apiVersion };
  return { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
