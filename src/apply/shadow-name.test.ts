import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { serviceOfShadow, shadowName, shadowOfAnnotation, standInName } from './shadow-name.ts';

const hexadecimal = '6d61657368';

/** Names that Kubernetes takes for namespaces and Services. */
const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/);

/** A name that doesn't look like a shadow Service's own. */
const plainLabel = label.filter((name) => !name.includes(hexadecimal));

function serviceOf(name: string, annotation?: string): string | undefined {
  const annotations = annotation === undefined ? {} : { [shadowOfAnnotation]: annotation };
  return serviceOfShadow('maesh', { name, annotations });
}

describe('shadowName', () => {
  it("is the original's", () => {
    assert.equal(shadowName('maesh', 'default/whoami'), 'maesh-whoami-6d61657368-default');
    assert.equal(shadowName('traefik-mesh', 'a-b/c-d'), 'traefik-mesh-c-d-6d61657368-a-b');
  });

  it('keeps names of up to 63 characters as they are', () => {
    const fits = `maesh-${'s'.repeat(40)}-6d61657368-store`;
    assert.equal(fits.length, 63);
    assert.equal(shadowName('maesh', `store/${'s'.repeat(40)}`), fits);
    assert.notEqual(
      shadowName('maesh', `store/${'s'.repeat(41)}`),
      `maesh-${'s'.repeat(41)}-6d61657368-store`,
    );
  });

  it('shortens longer ones the same way in every release', () => {
    assert.equal(shadowName('maesh', `store/${'s'.repeat(63)}`), `maesh-${'s'.repeat(46)}-062a516045`);
  });

  it('ends no shortened part with a hyphen', () => {
    const name = shadowName('maesh', `store/${'s'.repeat(45)}---${'s'.repeat(15)}`);
    assert.match(name, /^maesh-s{45}-[0-9a-f]{10}$/);
  });

  it('tells apart services whose names differ only behind the cut', () => {
    const names = ['a', 'b', 'c'].map((end) => shadowName('maesh', `store/${'s'.repeat(62)}${end}`));
    assert.equal(new Set(names).size, 3);
  });

  it('is a DNS label for any service, and leads back to it by name or by annotation', () => {
    fc.assert(
      fc.property(plainLabel, plainLabel, plainLabel, (mesh, namespace, service) => {
        const key = `${namespace}/${service}`;
        const name = shadowName(mesh, key);
        assert.match(name, /^[a-z]([a-z0-9-]*[a-z0-9])?$/);
        assert.ok(name.length <= 63, name);
        assert.equal(name, shadowName(mesh, key));
        const annotations = { [shadowOfAnnotation]: key };
        assert.equal(serviceOfShadow(mesh, { name, annotations }), key);
        const isWhole = `${mesh}-${service}-${hexadecimal}-${namespace}`.length <= 63;
        if (isWhole) assert.equal(serviceOfShadow(mesh, { name, annotations: {} }), key);
      }),
    );
  });

  it('is another for every service', () => {
    const keys = fc.uniqueArray(fc.tuple(plainLabel, plainLabel), { selector: String });
    fc.assert(
      fc.property(keys, (services) => {
        const names = services.map(([namespace, name]) => shadowName('maesh', `${namespace}/${name}`));
        assert.equal(new Set(names).size, services.length);
      }),
    );
  });
});

describe('serviceOfShadow', () => {
  it('reads names that the original has given', () => {
    assert.equal(serviceOf('maesh-whoami-6d61657368-default'), 'default/whoami');
    assert.equal(serviceOf('maesh-a-6d61657368-b-6d61657368-c'), 'c/a-6d61657368-b');
  });

  it('believes an annotation that fits to the name', () => {
    const key = `store/${'s'.repeat(63)}`;
    assert.equal(serviceOf(shadowName('maesh', key), key), key);
  });

  it('believes it of a stand-in too, whose name no shadow Service has', () => {
    const [key, other] = ['store/shop', 'store/cart'];
    assert.equal(serviceOf(standInName(key), key), key);
    assert.equal(serviceOf(standInName(key), other), undefined);
    assert.doesNotMatch(standInName(key), new RegExp(`-${hexadecimal}-`));
    // Shortened names are longer.
    assert.ok(standInName(key).length < 50);
  });

  it('goes by the name where the annotation is for another', () => {
    for (const annotation of ['store/cart', 'store', '', '/', 'store/shop/80']) {
      assert.equal(serviceOf('maesh-shop-6d61657368-store', annotation), 'store/shop', annotation);
    }
  });

  it('knows nothing of strange names', () => {
    const names = [
      'shop',
      'maesh-',
      'maesh-shop',
      'maesh-6d61657368-store',
      'maesh--6d61657368-store',
      'maesh-shop-6d61657368-',
      'other-shop-6d61657368-store',
      'maesh-6d61657368-',
      '-6d61657368-',
      '',
      shadowName('maesh', `store/${'s'.repeat(63)}`),
    ];
    assert.deepEqual(
      names.filter((name) => serviceOf(name) !== undefined),
      [],
    );
  });
});
