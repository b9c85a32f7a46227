// The programs that a cluster is made of, with their pinned versions. The modules in this folder say which they are:
// tools/cluster/NAME holds go.mod, go.sum and mostly the main package of NAME; update.sh changes versions.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A program and how it is made. */
export interface Program {
  readonly name: string;
  /** Folder with its Go module. */
  readonly sources: string;
  /** The main package, as seen from there. */
  readonly main: string;
  /** Such as `1.36.3`. */
  readonly version: string;
  /** Names that it is called by, each with the arguments that make it say its version; none where it can't say it. */
  readonly calls: ReadonlyMap<string, readonly string[] | undefined>;
  /** What the linker writes into it. */
  readonly linkerFlags: string;
}

const components = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy'];

/** Every program, in the order in which they are best built: the first compiles much of what the others need. */
export const programs: readonly Program[] = [
  kube(),
  etcd(),
  coredns('coredns'),
  // With the modules of that one, so that little else is compiled.
  coredns('coredns-1.13'),
  coredns('coredns-1.6'),
  helm(),
  pause(),
];

function kube(): Program {
  const sources = join(import.meta.dirname, 'kube');
  const version = pinnedVersion(sources, 'k8s.io/kubernetes');
  const [major, minor] = version.split('.');
  // Kubernetes' own build sets these; without them the API server would not say which version it is.
  const facts = Object.entries({
    gitVersion: `v${version}`,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: 'clean',
    gitCommit: 'none',
    buildDate: '1970-01-01T00:00:00Z',
  }).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
  const calls = new Map([
    ...components.map((name): [string, readonly string[]] => [name, ['--version']]),
    ['kubectl', ['version', '--client']],
  ]);
  return { name: 'kube', sources, main: '.', version, calls, linkerFlags: facts.join(' ') };
}

function etcd(): Program {
  const sources = join(import.meta.dirname, 'etcd');
  const version = pinnedVersion(sources, 'go.etcd.io/etcd/server/v3');
  const calls = new Map([['etcd', ['--version']]]);
  return { name: 'etcd', sources, main: '.', version, calls, linkerFlags: '' };
}

function coredns(name: string): Program {
  const sources = join(import.meta.dirname, name);
  const version = pinnedVersion(sources, 'github.com/coredns/coredns');
  return { name, sources, main: '.', version, calls: new Map([[name, ['-version']]]), linkerFlags: '' };
}

function helm(): Program {
  const sources = join(import.meta.dirname, 'helm');
  const version = pinnedVersion(sources, 'helm.sh/helm/v4');
  return {
    name: 'helm',
    sources,
    // Its main package can't be imported, so it is a `tool` of our module.
    main: 'helm.sh/helm/v4/cmd/helm',
    version,
    calls: new Map([['helm', ['version', '--short']]]),
    linkerFlags: `-X helm.sh/helm/v4/internal/version.version=v${version}`,
  };
}

/** Of our own making, and too small to have anything to say. */
function pause(): Program {
  const sources = join(import.meta.dirname, 'pause');
  const calls = new Map([['pause', undefined]]);
  return { name: 'pause', sources, main: '.', version: '1', calls, linkerFlags: '' };
}

/** The version of a module that a go.mod requires, without its `v`. */
function pinnedVersion(sources: string, module: string): string {
  const text = readFileSync(join(sources, 'go.mod'), 'utf8');
  const line = text.split('\n').find((each) =>
    each
      .replace(/^require/, '')
      .trim()
      .startsWith(`${module} v`),
  );
  const version = /v(\d+\.\d+\.\d+\S*)/.exec(line ?? '')?.[1];
  if (version === undefined) throw new Error(`${sources}/go.mod requires no ${module}`);
  return version;
}

/** Sixteen digits that change with the version and sources of a program, and with the kind of machine. */
export function fingerprint({ name, sources, main, linkerFlags }: Program): string {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`);
  hash.update(`${name} ${main} ${linkerFlags}\n`);
  for (const file of readdirSync(sources).toSorted())
    hash.update(`${file}\n`).update(readFileSync(join(sources, file)));
  return hash.digest('hex').slice(0, 16);
}
