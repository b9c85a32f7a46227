// The golden cases of the chart: values files, each with what the chart makes of it.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..', 'chart', 'golden');

/** A folder of test/chart/golden. */
export interface ChartCase {
  readonly name: string;
  readonly folder: string;
  readonly values: object;
}

/** Every case, sorted by name. */
export async function readChartCases(): Promise<readonly ChartCase[]> {
  const names = (await readdir(root)).toSorted();
  return Promise.all(
    names.map(async (name) => {
      const folder = join(root, name);
      const values = parse(await readFile(join(folder, 'values.yaml'), 'utf8')) as object;
      return { name, folder, values };
    }),
  );
}
