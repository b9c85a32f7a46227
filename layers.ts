// The table of layers: which folder of src may import from which others (and always from itself).
// The linter's configuration is generated from it (tools/lint-config.ts) and test/architecture.test.ts holds the code to it.
// An entry is a folder or a single file of src, without its ending; 'all' is the composition root's.

export const layers: Readonly<Record<string, readonly string[] | 'all'>> = {
  runtime: [],
  gen: [],
  model: [],
  source: ['model', 'runtime'],
  translate: ['model', 'gen'],
  serve: ['model', 'translate', 'gen', 'runtime'],
  control: ['model', 'translate', 'runtime'],
  proxy: ['runtime'],
  config: ['runtime'],
  cli: ['app', 'config', 'source', 'model', 'translate', 'proxy', 'serve/http/api-types', 'runtime'],
  app: 'all',
};
