// The table of layers: which folder of src may import from which others (and always from itself).
// The linter's configuration is generated from it (tools/lint-config.ts) and test/architecture.test.ts holds the code to it.

/**
 * An entry is a folder or a single file of src, without its ending; 'all' is the composition root's. An entry below
 * another (`serve/xds` below `serve`) may import what it names besides what the other may.
 */
export const layers: Readonly<Record<string, readonly string[] | 'all'>> = {
  runtime: [],
  gen: [],
  kube: ['runtime'],
  model: [],
  source: ['model', 'kube', 'runtime'],
  translate: ['model', 'gen'],
  serve: ['model', 'translate', 'runtime'],
  'serve/xds': ['gen'],
  'serve/http/api-types': ['dns/status'],
  apply: ['model', 'kube', 'runtime'],
  // Names of shadow Services: those that were shortened need a rule of their own in DNS.
  dns: ['model', 'kube', 'runtime', 'apply/shadow-name'],
  'dns/corefile': [],
  control: ['model', 'translate', 'runtime'],
  proxy: ['runtime'],
  config: ['runtime'],
  check: [
    'kube',
    'model',
    'apply',
    'source/kubernetes',
    'source/parse/kinds',
    'serve/http/api-types',
    'runtime',
  ],
  cli: [
    'app',
    'check',
    'config',
    'source',
    'model',
    'translate',
    'proxy',
    'kube/access-error',
    'kube/kube-error',
    'serve/http/api-types',
    'serve/http/topology-json',
    'runtime',
  ],
  app: 'all',
};

/**
 * Layers that compute and do nothing else (no input, output or clock), with the packages that they may import. One below
 * another imports nothing of that, and nothing that only that may import.
 */
export const pureLayers: Readonly<Record<string, readonly string[]>> = {
  model: [],
  // A hash is what a resource's version is made of.
  translate: ['@bufbuild/protobuf', 'node:crypto'],
  'dns/corefile': [],
};
