// The rules of the project that no compiler knows: layers, names, and what a file is.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { layers, pureLayers } from '../layers.ts';
import { deepestFolder, lintConfig } from '../tools/lint-config.ts';
import { checkout, sourceFile, sourceFiles, type SourceFile } from './kit/source-tree.ts';

const files = sourceFiles();
const code = files.filter(({ path }) => !path.endsWith('.test.ts'));

/** The first part of a path within src, without the ending of a file. */
function layerOf(path: string): string {
  return (path.split('/', 1)[0] ?? '').replace(/(?:\.test)?\.ts$/, '');
}

function isWithin(path: string, folder: string): boolean {
  return path === `${folder}.ts` || path.startsWith(`${folder}/`);
}

/** The pure layer that a file belongs to. */
function pureLayerOf(path: string): string | undefined {
  return Object.keys(pureLayers).find((layer) => isWithin(path, layer));
}

/** Imports that layers.ts forbids to a file, as `file -> import`. */
function forbiddenImports({ path, imports }: SourceFile): string[] {
  const pure = pureLayerOf(path);
  const own = pure ?? layerOf(path);
  const above = Object.entries(layers).filter(([layer]) => layer === own || (!pure && isWithin(path, layer)));
  const allowed = above.flatMap(([, others]) => others);
  if (allowed.includes('all') || layers[own] === 'all') return [];
  return imports
    .filter((each) => each.path !== undefined && !isWithin(each.path, own))
    .filter((each) => !allowed.some((layer) => isWithin(each.path ?? '', layer)))
    .map((each) => `${path} -> ${each.specifier}`);
}

/** Packages that a pure layer must not import, as `file -> package`. */
function impureImports({ path, imports }: SourceFile): string[] {
  const packages = pureLayers[pureLayerOf(path) ?? ''];
  if (packages === undefined) return [];
  return imports
    .map(({ specifier }) => specifier)
    .filter((name) => !name.startsWith('.'))
    .filter((name) => !packages.some((allowed) => name === allowed || name.startsWith(`${allowed}/`)))
    .map((name) => `${path} -> ${name}`);
}

suite('layers', () => {
  test('layers.ts lists every folder and file directly in src, and every layer that it names', () => {
    const unknown = new Set(files.map(({ path }) => layerOf(path)).filter((layer) => !(layer in layers)));
    assert.deepEqual([...unknown], []);
    const named = Object.values(layers).flatMap((others) => (others === 'all' ? [] : others));
    const unlisted = named.filter((layer) => !(layerOf(layer) in layers));
    assert.deepEqual(unlisted, []);
  });

  test('no file imports what its layer may not', () => {
    assert.deepEqual(code.flatMap(forbiddenImports), []);
  });

  test('the pure layers import no package that does anything', () => {
    assert.deepEqual(code.flatMap(impureImports), []);
  });

  test('generated code is imported only by the translation and the xDS server', () => {
    const readers = code
      .filter(({ imports }) => imports.some(({ path }) => path?.startsWith('gen/')))
      .map(({ path }) => path)
      .filter((path) => !path.startsWith('translate/') && !path.startsWith('serve/xds/'));
    assert.deepEqual(readers, []);
  });

  test('layers form no cycle', () => {
    assert.deepEqual(findCycle(layerGraph(code)), undefined);
  });

  test('folders lie no deeper than the linter looks', () => {
    const tooDeep = files.filter(({ path }) => path.split('/').length - 1 > deepestFolder);
    assert.deepEqual(tooDeep, []);
  });
});

suite('files', () => {
  test('every file begins with a comment on what it is for', () => {
    const silent = code.filter(({ text }) => !/^(#!.*\n)?\/\/ \S+/.test(text)).map(({ path }) => path);
    assert.deepEqual(silent, []);
  });

  test('names are in kebab-case and say what a file holds', () => {
    const badName = /(^|\/)(index|utils?|helpers?|common|misc|types|shared)(\.test)?\.ts$/;
    const bad = files
      .map(({ path }) => path)
      .filter(
        (path) =>
          !/^([a-z0-9]+(-[a-z0-9]+)*\/)*[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/.test(path) ||
          badName.test(path),
      );
    assert.deepEqual(bad, []);
  });

  test('no file only hands on what others export', () => {
    const barrels = code.filter(({ text }) => isBarrel(text)).map(({ path }) => path);
    assert.deepEqual(barrels, []);
  });

  test('every test stands beside what it tests', () => {
    const paths = new Set(files.map(({ path }) => path));
    const lonely = [...paths].filter(
      (path) => path.endsWith('.test.ts') && !paths.has(path.replace('.test.ts', '.ts')),
    );
    assert.deepEqual(lonely, []);
  });
});

suite('these tests', () => {
  const importer = (path: string, specifier: string): SourceFile =>
    sourceFile(path, `import { a } from '${specifier}';\n`);

  test('see every form of import', () => {
    const text = [
      "import { a } from '../model/a.ts';",
      "import type {\n  B,\n} from '../model/b.ts';",
      "export { c } from '../model/c.ts';",
      "export type * from '../model/d.ts';",
      "import '../model/e.ts';",
      "const f = await import('../model/f.ts');",
      'import { g } from "../model/g.ts";',
      "export const notAnImport = 'x'; // from '../model/h.ts'",
    ].join('\n');
    const seen = sourceFile('proxy/x.ts', text).imports.map(({ path }) => path);
    assert.deepEqual(
      seen,
      ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => `model/${name}.ts`),
    );
  });

  test('find an import across layers, wherever the file lies', () => {
    assert.deepEqual(forbiddenImports(importer('model/a.ts', '../serve/dns/b.ts')), [
      'model/a.ts -> ../serve/dns/b.ts',
    ]);
    assert.equal(forbiddenImports(importer('serve/http/api/a.ts', '../../../control/loop.ts')).length, 1);
    assert.equal(forbiddenImports(importer('serve/http/a.ts', '../../gen/x_pb.ts')).length, 1);
    assert.equal(forbiddenImports(importer('cli/a.ts', '../serve/http/api.ts')).length, 1);
    assert.equal(forbiddenImports(importer('cli/a.ts', '../serve/http/api-types.ts')).length, 0);
    assert.equal(forbiddenImports(importer('serve/xds/a.ts', '../../gen/x_pb.ts')).length, 0);
    assert.equal(forbiddenImports(importer('serve/dns/a.ts', '../listen-error.ts')).length, 0);
    assert.equal(forbiddenImports(importer('app.ts', './gen/x_pb.ts')).length, 0);
  });

  test('find what makes a pure layer impure', () => {
    assert.deepEqual(impureImports(importer('model/a.ts', 'node:fs')), ['model/a.ts -> node:fs']);
    assert.equal(impureImports(importer('translate/a.ts', '@grpc/grpc-js')).length, 1);
    assert.equal(impureImports(importer('translate/a.ts', '@bufbuild/protobuf/wkt')).length, 0);
    assert.equal(impureImports(importer('source/a.ts', 'node:fs')).length, 0);
    assert.equal(impureImports(importer('dns/corefile/a.ts', 'node:fs')).length, 1);
    assert.equal(impureImports(importer('dns/a.ts', 'node:fs')).length, 0);
    assert.equal(forbiddenImports(importer('dns/corefile/a.ts', '../plan.ts')).length, 1);
    assert.equal(forbiddenImports(importer('dns/corefile/a.ts', '../../kube/client.ts')).length, 1);
    assert.equal(forbiddenImports(importer('dns/a.ts', './corefile/b.ts')).length, 0);
  });

  test('tell a file that only hands on from one that also makes', () => {
    assert.ok(
      isBarrel("// Why.\nimport './b.ts';\nexport * from './a.ts';\nexport type {\n  A,\n} from './a.ts';\n"),
    );
    assert.ok(!isBarrel("export type { A } from './a.ts';\n\nexport const b = 1;\n"));
    assert.ok(!isBarrel("import './b.ts';\n"));
  });

  test('find a cycle of layers', () => {
    const cyclic = [
      importer('a/x.ts', '../b/y.ts'),
      importer('b/y.ts', '../c/z.ts'),
      importer('c/z.ts', '../a/w.ts'),
    ];
    assert.deepEqual(findCycle(layerGraph(cyclic)), ['a', 'b', 'c', 'a']);
    assert.equal(findCycle(layerGraph(cyclic.slice(0, 2))), undefined);
  });
});

test('.oxlintrc.json is what tools/lint-config.ts makes of layers.ts', () => {
  const message = 'run node tools/lint-config.ts';
  assert.equal(readFileSync(join(checkout, '.oxlintrc.json'), 'utf8'), lintConfig(), message);
});

/** Whether nothing is left of a file when what it hands on is taken away. */
function isBarrel(text: string): boolean {
  const withoutComments = text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*/gm, '');
  const own = withoutComments.replaceAll(/^export (type )?(\*( as \w+)?|\{[^}]*\}) from .*/gm, '');
  return own !== withoutComments && own.replaceAll(/^import\b[^;]*;/gm, '').trim() === '';
}

/** Which layers each layer imports. */
function layerGraph(sources: readonly SourceFile[]): Map<string, Set<string>> {
  const graph = new Map<string, Set<string>>();
  for (const { path, imports } of sources) {
    const from = layerOf(path);
    const others = graph.get(from) ?? new Set();
    for (const each of imports) if (each.path !== undefined) others.add(layerOf(each.path));
    others.delete(from);
    graph.set(from, others);
  }
  return graph;
}

/** A cycle as the nodes on it, the first repeated at its end; undefined where there is none. */
function findCycle(graph: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const done = new Set<string>();
  const visit = (node: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return undefined;
    for (const next of graph.get(node) ?? []) {
      const cycle = visit(next, [...path, node]);
      if (cycle !== undefined) return cycle;
    }
    done.add(node);
    return undefined;
  };
  return [...graph.keys()]
    .values()
    .map((node) => visit(node, []))
    .find((cycle) => cycle !== undefined);
}
