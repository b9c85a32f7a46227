// A differential test: generated cases through a mesh of ours and a real Envoy, and through a real Traefik with the
// configuration that the original would have made of the same objects. The cases are the same each time;
// `MAESH_TEST_SEED=42` makes others. Among those a rare difference may be missing, so only the usual cases have to show
// everything that is listed.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';

import { accessCases } from '../kit/differential/access-cases.ts';
import { annotationCases } from '../kit/differential/annotation-cases.ts';
import { openArena, type Arena } from '../kit/differential/arena.ts';
import type { Case, CaseMaker } from '../kit/differential/case.ts';
import { deviations, findings, type Finding } from '../kit/differential/compare.ts';
import { hostCases } from '../kit/differential/host-cases.ts';
import { knownDifferences } from '../kit/differential/known-differences.ts';
import { l4Cases } from '../kit/differential/l4-cases.ts';
import { splitCases } from '../kit/differential/split-cases.ts';

const usualSeed = 1;
const seed = Number(process.env['MAESH_TEST_SEED'] ?? usualSeed);

function makeCases(kind: string, makers: fc.Arbitrary<CaseMaker>, count: number): Case[] {
  return fc.sample(makers, { seed, numRuns: count }).map((make, index) => {
    const namespace = `${kind}-${index}`;
    return { namespace, ...make(namespace, index) };
  });
}

const occurred = new Set<string>();

/** What no known difference explains, as text. */
function unexplained(found: readonly Finding[]): string[] {
  return found
    .filter((finding) => {
      const known = knownDifferences.find(({ explains }) => explains(finding));
      if (known !== undefined) occurred.add(known.name);
      return known === undefined;
    })
    .map(({ case: { namespace, traits }, probe, what, original, here }) => {
      const about = [...traits].join(', ');
      return `${namespace} (${about}): ${what} was ${original || '-'}, is ${here || '-'}: ${JSON.stringify(probe)}`;
    });
}

/** Asks both sides everything, a few cases at a time: of one case, one probe after the other. */
async function askAll(
  arena: Arena,
  cases: readonly Case[],
): Promise<{ readonly differences: string[]; readonly deviations: number[] }> {
  const waiting = cases.values();
  const all: { readonly differences: string[]; readonly deviations: number[] } = {
    differences: [],
    deviations: [],
  };
  const work = async (): Promise<void> => {
    for (const each of waiting) {
      for (const probe of each.probes) {
        const sides = await arena.ask(each, probe);
        const found = findings(each, probe, sides);
        all.differences.push(...unexplained(found));
        const isSame = !found.some(({ what }) => what === 'status' || what.startsWith('share'));
        if (probe.isByChance && isSame) all.deviations.push(...deviations(sides));
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return all;
}

/**
 * What the mean of so many deviations, 1 on average, exceeds in less than one of 10⁹ tries. Two of them at a time are the
 * same, since what one of two backends gets more the other gets less. (Laurent and Massart's bound of χ².)
 */
function meanLimit(count: number): number {
  const perDegree = Math.log(1e9) / (count / 2);
  return 1 + 2 * Math.sqrt(perDegree) + 2 * perDegree;
}

const kinds = [
  {
    name: 'where everybody may call everything',
    isAccessControlled: false,
    cases: [
      ...makeCases('asked', annotationCases, 200),
      ...makeCases('split', splitCases, 180),
      ...makeCases('host', hostCases, 60),
      ...makeCases('stream', l4Cases, 40),
    ],
  },
  {
    name: 'where access is controlled',
    isAccessControlled: true,
    cases: makeCases('access', accessCases, 180),
  },
];

describe(`the original's answers (MAESH_TEST_SEED=${seed})`, () => {
  for (const { name, isAccessControlled, cases } of kinds) {
    describe(name, () => {
      let arena: Arena;
      before(async () => {
        arena = await openArena(cases, isAccessControlled);
      });
      after(() => arena[Symbol.asyncDispose]());

      it(`are ours in ${cases.length} cases, but for what is known`, async () => {
        const { differences, deviations } = await askAll(arena, cases);
        assert.deepEqual(differences, []);
        const mean = deviations.reduce((sum, each) => sum + each, 0) / Math.max(1, deviations.length);
        const limit = meanLimit(deviations.length);
        assert.ok(
          mean < limit,
          `shares are off by ${mean} on average of ${deviations.length}, over ${limit}`,
        );
      });
    });
  }

  if (seed === usualSeed) {
    it('differ in everything that is listed', () => {
      const missing = knownDifferences.map(({ name }) => name).filter((name) => !occurred.has(name));
      assert.deepEqual(missing, []);
    });
  }
});
