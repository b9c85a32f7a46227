import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Resource, typeUrls } from '../resources.ts';
import { resourceToJson } from '../inspect.ts';
import { callerFilters, createCallerTags } from './caller-tags.ts';

type Callers = Readonly<Record<string, readonly string[]>>;

function mapOf(callers: Callers): ReadonlyMap<string, readonly string[]> {
  return new Map(Object.entries(callers));
}

/** What the resources say, as `account: addresses`, of all shards together. */
function told(resources: readonly Resource[]): Callers {
  const found: Record<string, string[]> = {};
  for (const resource of resources) {
    const { typed_config: config } = resourceToJson(resource) as unknown as ExtensionJson;
    for (const { ip_tag_name: account, ip_list: list } of config.ip_tags) {
      const addresses = list.map(({ address_prefix: address, prefix_len: length }) => `${address}/${length}`);
      (found[account] ??= []).push(...addresses);
    }
  }
  delete found['nobody'];
  return Object.fromEntries(Object.entries(found).map(([account, list]) => [account, list.toSorted(byText)]));
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}

interface ExtensionJson {
  readonly typed_config: {
    readonly ip_tags: readonly {
      readonly ip_tag_name: string;
      readonly ip_list: readonly { readonly address_prefix: string; readonly prefix_len: number }[];
    }[];
  };
}

const many: Callers = Object.fromEntries(
  Array.from({ length: 100 }, (_, account) => [
    `front/a${account}`,
    Array.from({ length: 50 }, (_each, pod) => `10.0.${account}.${pod}`),
  ]),
);

describe('what proxies know of callers', () => {
  it('is a resource for each filter, also where there is nobody', () => {
    const resources = createCallerTags()(new Map());
    assert.deepEqual(
      resources.map(({ name }) => name),
      callerFilters.map(({ name }) => name),
    );
    assert.ok(resources.every(({ typeUrl }) => typeUrl === typeUrls.extensions));
    assert.deepEqual(told(resources), {});
  });

  it('is each address with its account once, in whichever family', () => {
    const tags = createCallerTags();
    assert.deepEqual(told(tags(mapOf({ 'front/web': ['10.0.0.1', 'fd00::1'], 'front/job': ['10.0.0.2'] }))), {
      'front/web': ['10.0.0.1/32', 'fd00::1/128'],
      'front/job': ['10.0.0.2/32'],
    });
    const before = tags(mapOf(many));
    assert.equal(Object.values(told(before)).flat().length, 5000);
  });

  it('changes in one shard where a pod comes or goes, by a sixteenth of all of it', () => {
    const tags = createCallerTags();
    const before = tags(mapOf(many));
    const after = tags(mapOf({ ...many, 'front/a7': [...(many['front/a7'] ?? []), '10.9.9.9'] }));
    const changed = after.filter((resource, index) => resource !== before[index]);
    assert.equal(changed.length, 1);
    assert.ok((changed[0]?.bytes.length ?? Infinity) < 15_000);
    assert.deepEqual(told(after)['front/a7']?.length, 51);
  });

  it('is the same bytes whatever came before', () => {
    const tags = createCallerTags();
    tags(mapOf({ ...many, 'front/gone': ['10.9.9.9'], 'front/a1': ['10.8.8.8'] }));
    // An address goes from one account to another.
    tags(mapOf({ ...many, 'front/new': ['10.9.9.9'] }));
    const versions = (resources: readonly Resource[]): readonly string[] =>
      resources.map(({ version }) => version);
    const scratch = createCallerTags()(mapOf(Object.fromEntries(Object.entries(many).toReversed())));
    assert.deepEqual(versions(tags(mapOf(many))), versions(scratch));
  });
});
