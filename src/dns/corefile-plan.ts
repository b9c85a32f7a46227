// CoreDNS and NodeLocal DNSCache: a Corefile in a ConfigMap, or files that it imports from another.

import { isDeepStrictEqual } from 'node:util';

import { isRecord, type ApiObject } from '../kube/api-object.ts';
import type { ObjectName } from '../kube/client.ts';
import { importsServerFiles, patchFiles, restoreFiles, type Files } from './corefile/custom-files.ts';
import { onlyMarked } from './corefile/marks.ts';
import type { MeshDns, Patch } from './corefile/mesh-dns.ts';
import { patchCorefile, restoreCorefile } from './corefile/patch.ts';
import { isSupported } from './corefile/version.ts';
import type { CorefilePlace, NodeLocalPlace } from './layout.ts';
import { isMadeByMaesh, madeByMaesh } from './made-by-maesh.ts';
import { meshOf } from './mesh-of.ts';
import {
  configMapName,
  dataOf,
  patchData,
  type DnsPlan,
  type DnsTrouble,
  type DnsWrite,
  type FindObject,
} from './plan.ts';
import { startedWith } from './started-with.ts';

type Place = CorefilePlace | NodeLocalPlace;

/** What is read of a place. */
interface Found {
  readonly corefile: {
    readonly object: ObjectName;
    readonly configMap: ApiObject;
    readonly key: string;
    readonly text: string;
  };
  /** Files that the Corefile may import; undefined where the distribution offers none. */
  readonly custom: Custom | undefined;
}

interface Custom {
  readonly object: ObjectName;
  /** Undefined where it is still to be made. */
  readonly configMap: ApiObject | undefined;
  readonly files: Files;
}

/** Plans for the mesh's names to be answered. */
export function planCorefile(place: Place, find: FindObject, mesh: MeshDns): DnsPlan {
  const found = readPlace(place, find);
  if (found === undefined) return { writes: [], trouble: noCorefile(place) };
  if (place.kind === 'corefile' && !isSupported(place.version)) return { writes: [], trouble: tooOld };
  const { corefile, custom } = found;
  const isImported = custom !== undefined && importsServerFiles(corefile.text);
  const patch: Patch<Wanted> = isImported
    ? mapped(patchFiles(custom.files, restoreCorefile(corefile.text), mesh), (files) => ({
        // A block in both would keep CoreDNS from starting, so the old one goes before the new one comes.
        corefile: restoreCorefile(corefile.text),
        files,
      }))
    : mapped(patchCorefile(corefile.text, mesh), (text) => ({
        corefile: text,
        files: custom && restoreFiles(custom.files),
      }));
  if (patch.kind === 'refused') {
    const { namespace, name } = place.corefile;
    return {
      writes: [],
      trouble: {
        message: `The mesh's names can't be put into the Corefile of ConfigMap ${namespace}/${name}: ${patch.reason}`,
        advice: 'Mend that, or put these lines in by hand',
        byHand: patch.byHand,
      },
    };
  }
  const startedFor = startedWith(corefile.text, {
    isInFiles: isImported,
    version: place.kind === 'corefile' ? place.version : undefined,
    wanted: patch.result,
  });
  return {
    writes: writesOf(found, patch.result),
    holder: isImported ? custom.object : corefile.object,
    ...(startedFor !== undefined && { restart: { for: startedFor, onChange: true } }),
    ...replacedMesh(found, mesh.namespace),
  };
}

/** Plans for everything to be as it was. What is another mesh's stays. */
export function planRestoredCorefile(place: Place, find: FindObject, meshNamespace: string): DnsPlan {
  const found = readPlace(place, find);
  if (found === undefined) return { writes: [] };
  const { corefile, custom } = found;
  const isOurs = (text: string): boolean => [undefined, meshNamespace].includes(meshOf(text));
  const files = custom?.files ?? {};
  const others = Object.fromEntries(Object.entries(files).filter(([, text]) => !isOurs(text)));
  return {
    writes: writesOf(found, {
      corefile: isOurs(corefile.text) ? restoreCorefile(corefile.text) : corefile.text,
      files: custom && { ...restoreFiles(files), ...others },
    }),
  };
}

/** What a place should hold. */
interface Wanted {
  readonly corefile: string;
  readonly files: Files | undefined;
}

/** Whose names lie between the marks, where that is another mesh. */
function replacedMesh({ corefile, custom }: Found, namespace: string): Pick<DnsPlan, 'replaces'> {
  const texts = [corefile.text, ...Object.values(custom?.files ?? {})];
  const others = texts.map((text) => meshOf(onlyMarked(text))).filter((other) => other !== namespace);
  const replaces = others.find((other) => other !== undefined);
  return replaces === undefined ? {} : { replaces };
}

function mapped<T, U>(patch: Patch<T>, map: (result: T) => U): Patch<U> {
  return patch.kind === 'patched' ? { kind: 'patched', result: map(patch.result) } : patch;
}

function readPlace(place: Place, find: FindObject): Found | undefined {
  const object = configMapName(place.corefile);
  const configMap = find(object);
  const { key } = place.corefile;
  const text = dataOf(configMap, key);
  if (configMap === undefined || text === undefined) return undefined;
  return { corefile: { object, configMap, key, text }, custom: readCustom(place, find) };
}

function readCustom(place: Place, find: FindObject): Custom | undefined {
  if (place.kind !== 'corefile' || place.custom === undefined) return undefined;
  const object = configMapName(place.custom);
  const configMap = find(object);
  const data = isRecord(configMap?.['data']) ? configMap['data'] : {};
  const files = Object.entries(data).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return { object, configMap, files: Object.fromEntries(files) };
}

const tooOld: DnsTrouble = {
  message: "This CoreDNS can't be told of the mesh: versions before 1.3 don't have what that takes",
  advice: 'Upgrade it',
};

function noCorefile({ corefile: { namespace, name, key } }: Place): DnsTrouble {
  return {
    message: `There is no Corefile: ConfigMap ${namespace}/${name} has no key ${key}`,
    advice: "Look why the cluster's DNS has lost its configuration",
  };
}

function writesOf({ corefile, custom }: Found, wanted: Wanted): readonly DnsWrite[] {
  const { object, configMap, key, text } = corefile;
  const isRight = text === wanted.corefile;
  return [
    ...(isRight ? [] : [patchData(object, configMap, { [key]: wanted.corefile })]),
    ...(custom === undefined || wanted.files === undefined ? [] : filesWrites(custom, wanted.files)),
  ];
}

function filesWrites({ object, configMap, files }: Custom, wanted: Files): readonly DnsWrite[] {
  if (isDeepStrictEqual(files, wanted)) return [];
  if (configMap === undefined) return [madeByMaesh(object, wanted)];
  const gone = Object.keys(files).filter((name) => !(name in wanted));
  if (Object.keys(wanted).length === 0 && isMadeByMaesh(configMap, gone)) {
    return [{ kind: 'delete', object, resourceVersion: configMap.metadata.resourceVersion }];
  }
  const changed = Object.entries(wanted).filter(([name, text]) => files[name] !== text);
  const data = Object.fromEntries([...gone.map((name) => [name, undefined] as const), ...changed]);
  return [patchData(object, configMap, data)];
}
