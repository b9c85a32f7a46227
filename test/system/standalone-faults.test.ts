// `maesh standalone` on a machine that does not give it what it wants: what is wrong is said, and whatever can go on does.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { listen } from '../kit/backends/backend.ts';
import { startHttpBackend } from '../kit/backends/http.ts';
import { sendHttp } from '../kit/clients/http.ts';
import { lockRange } from '../kit/lock-range.ts';
import { listeningSockets } from '../kit/sockets.ts';
import { Standalone, type StandaloneCall } from '../kit/standalone.ts';
import { until } from '../kit/until.ts';

const backend = { address: '127.89.6.1', port: 8080 };

function manifest(name: string, ports: readonly number[]): string {
  const named = ports.map((port) => ({ name: `p${port}`, port }));
  const [at] = [{ ip: backend.address }];
  const metadata = { name, namespace: 'store' };
  const slots = named.map((port) => ({ name: port.name, port: backend.port }));
  const objects = [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: named } },
    { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets: [{ addresses: [at], ports: slots }] },
  ];
  return objects.map((object) => JSON.stringify(object)).join('\n---\n');
}

/** The first that is handed out. */
const serviceAddress = '127.95.1.0';

describe('maesh standalone', () => {
  const running = new AsyncDisposableStack();
  let root = '';
  let folder = '';
  let count = 0;

  before(async () => {
    running.use(await lockRange('127.95.0.1').then(({ close }) => ({ [Symbol.asyncDispose]: close })));
    root = await mkdtemp(join(tmpdir(), 'maesh-faults-'));
    running.defer(() => rm(root, { recursive: true }));
    running.use(await startHttpBackend({ name: 'shop-1', ...backend }));
    folder = join(root, 'manifests');
    await mkdir(folder);
    await writeFile(join(folder, 'shop.json'), manifest('shop', [80, 7000]));
  });
  after(() => running.disposeAsync());

  /** A call with a state folder of its own. */
  function call(more: Partial<StandaloneCall> = {}): StandaloneCall {
    const stateDir = join(root, `state-${++count}`);
    return { dirs: [folder], stateDir, addressRange: '127.95.0.0/16', ...more };
  }

  /** Asks the service at its loopback address. */
  async function ask(port: number): Promise<string | undefined> {
    return (await sendHttp({ address: serviceAddress, port })).echo?.name;
  }

  /** Runs it until it ends by itself. */
  async function failure(more: Partial<StandaloneCall>): Promise<string> {
    await using mesh = await Standalone.spawn(call(more));
    const { code, stdout, stderr } = await mesh.ended;
    assert.deepEqual([code, stdout], [1, '']);
    return stderr;
  }

  it('goes on without the ports that another program has, and says which', async () => {
    const held = await Promise.all(
      ['http', 'dns', 'api'].map((name) => listen(createServer(), { name, address: '127.0.0.1' })),
    );
    try {
      const [http, dns, api] = held.map(({ port }) => port);
      assert.ok(http !== undefined && dns !== undefined && api !== undefined);
      await using mesh = await Standalone.start(call({ ports: { http, dns, api } }));
      assert.equal(mesh.stdout, 'The mesh is ready. Ctrl-C ends it.\n');
      const said = mesh.log.filter(({ level }) => level === 'error').map(({ msg, advice }) => [msg, advice]);
      const advice = 'End the other program or choose another port; 0 takes any free one';
      assert.deepEqual(said, [
        [`Cannot open 127.0.0.1:${http} for HTTP services by Host: another program listens there`, advice],
        [`Cannot open 127.0.0.1:${dns} for DNS: another program listens there`, advice],
        [`Cannot open 127.0.0.1:${api} for the API: another program listens there`, advice],
      ]);
      assert.equal(await ask(7000), 'shop-1');
      assert.equal((await mesh.end('SIGTERM')).code, 0);
    } finally {
      await Promise.all(held.map(({ close }) => close()));
    }
  });

  it('does not start without the port that its proxies need', async () => {
    const held = await listen(createServer(), { name: 'xds', address: '127.0.0.1' });
    try {
      assert.match(
        await failure({ ports: { xds: held.port } }),
        new RegExp(
          `^maesh: Cannot open 127\\.0\\.0\\.1:${held.port} for .*: another program listens there; end `,
        ),
      );
    } finally {
      await held.close();
    }
  });

  it('goes on without the ports that it has no right to, and says how to get it', async () => {
    const lowest = Number(await readFile('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
    const isRoot = process.getuid?.() === 0;
    const wrapper = isRoot ? ['setpriv', '--bounding-set=-net_bind_service'] : [];
    // Where the system lets everybody open every port, nothing is refused.
    const isRefused = lowest > 80;
    await using mesh = await Standalone.start(call({ wrapper, ports: { http: 81 } }));
    const said = mesh.log
      .filter(({ level }) => level === 'error' || level === 'warning')
      .map(({ msg }) => msg);
    const refusals = [
      `Service ports below ${lowest} are not opened on the services' own addresses: this process lacks the right`,
      'Cannot open 127.0.0.1:81 for HTTP services by Host: the system does not allow it',
    ];
    assert.deepEqual(
      said.filter((text) => refusals.includes(text)),
      isRefused ? refusals : [],
    );
    const [service] = Object.values((await mesh.topology()).services);
    assert.deepEqual(
      service?.ports.map(({ port, localPort }) => [port, localPort]),
      [
        [80, isRefused ? null : 80],
        [7000, 7000],
      ],
    );
    assert.deepEqual(await mesh.problems(), []);
    assert.equal(await ask(7000), 'shop-1');
    const meshPort = service?.ports[0]?.meshPort ?? 0;
    assert.equal((await sendHttp({ address: '127.95.0.1', port: meshPort })).echo?.name, 'shop-1');
  });

  it('serves with fewer workers where there may not be as many sockets as they need, and says so', async () => {
    // A block of mesh ports takes 256 for each worker.
    const wrapper = ['sh', '-c', 'ulimit -n 450; exec "$@"', 'sh'];
    await using mesh = await Standalone.start(call({ wrapper, flags: ['--concurrency', '2'] }));
    const said = mesh.log.find(({ msg }) => msg.startsWith('Envoy may not open as many sockets'));
    assert.deepEqual([said?.level, said?.['workers']], ['error', 1]);
    assert.equal(await ask(7000), 'shop-1');
  });

  it('opens low ports where it has the right', async () => {
    const isAllowed =
      process.getuid?.() === 0 ||
      Number(await readFile('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8')) <= 80;
    await using mesh = await Standalone.start(call());
    const [service] = Object.values((await mesh.topology()).services);
    assert.equal(service?.ports[0]?.localPort, isAllowed ? 80 : null);
    assert.equal(await ask(isAllowed ? 80 : 7000), 'shop-1');
  });

  it('does not start without its manifests', async () => {
    const missing = join(root, 'nowhere');
    assert.equal(
      await failure({ dirs: [folder, missing] }),
      `maesh: ${missing}; there is no such file or folder; name some that are there\n`,
    );
  });

  it('does not start with something else for an Envoy', async () => {
    const plain = join(root, 'plain');
    await writeFile(plain, 'no program');
    for (const [binary, why] of [
      [join(root, 'missing'), /cannot be run \(.*ENOENT\)/],
      [plain, /cannot be run \(.*EACCES\)/],
      ['/bin/true', /does not say that it is Envoy/],
      ['/bin/false', /cannot be run/],
    ] as const) {
      const stderr = await failure({ env: { ENVOY_BIN: binary } });
      assert.match(stderr, new RegExp(`^maesh: ENVOY_BIN names ${binary}, which `));
      assert.match(stderr, why);
      assert.match(stderr, /: name another, or leave ENVOY_BIN out to have Envoy [\d.]+ fetched\n$/);
    }
  });

  it('does not start over where it cannot read what it handed out', async () => {
    const stateDir = join(root, 'state-unreadable');
    await mkdir(join(stateDir, 'allocation.json'), { recursive: true });
    assert.match(
      await failure({ stateDir }),
      /^maesh: The table of ports and addresses cannot be read from .*: it is a folder; make the file readable, /,
    );
  });

  it('does not start where it can write nothing', async () => {
    const stateDir = join(root, 'state-unwritable');
    await mkdir(stateDir);
    await writeFile(join(stateDir, 'envoy'), '');
    assert.match(
      await failure({ stateDir }),
      /^maesh: Envoy's bootstrap cannot be written to .*: a file is in its place; make the folder writable, /,
    );
  });

  it('does not start where there can be no folder, and does not hang', async () => {
    assert.match(
      await failure({ stateDir: '/proc/maesh/state' }),
      /maesh: Envoy's bootstrap cannot be written to \/proc\/.*: no folder can be made there; make the folder writable, /,
    );
  });

  it('starts afresh where the table of what it handed out is half-written, and says so', async () => {
    const stateDir = join(root, 'state-broken');
    await mkdir(stateDir);
    const table = join(stateDir, 'allocation.json');
    await writeFile(table, '{"version":1,"ports":{"http":{"assi');
    await using mesh = await Standalone.start(call({ stateDir }));
    const line = await mesh.line(
      /^The table of ports and addresses is broken and was put aside; they may move$/,
    );
    assert.deepEqual([line.level, line['file']], ['error', `${table}.broken`]);
    assert.equal(await ask(7000), 'shop-1');
    assert.match(await readFile(table, 'utf8'), /"store\/shop\/7000":20000/);
  });

  it('goes on while the table cannot be written, and writes it when it can', async () => {
    const stateDir = join(root, 'state-blocked');
    const table = join(stateDir, 'allocation.json');
    await mkdir(`${table}.new`, { recursive: true });
    await using mesh = await Standalone.start(call({ stateDir }));
    await mesh.line(/^The table of ports and addresses cannot be written; a restart may move them$/);
    assert.equal(await ask(7000), 'shop-1');
    await rm(`${table}.new`, { recursive: true });
    await writeFile(join(folder, 'cart.json'), manifest('cart', [7000]));
    await until('the table to be written', async () =>
      (await readFile(table, 'utf8')).includes('store/cart/7000') ? true : undefined,
    );
    await rm(join(folder, 'cart.json'));
  });

  it('does not start on the addresses of another mesh, which goes on', async () => {
    await using other = await Standalone.start(call());
    assert.match(
      await failure({}),
      /maesh: Cannot open 127\.95\.0\.1:1081 for the proxy's readiness: another program listens there; end the other mesh .*--addressRange\n$/,
    );
    assert.equal(await ask(7000), 'shop-1');
    assert.equal((await other.end('SIGTERM')).code, 0);
    const left = (await listeningSockets()).filter(({ address }) => address.startsWith('127.95.'));
    assert.deepEqual(
      left.map(({ port }) => port),
      [18_999],
    );
  });

  it('starts its Envoy again although another program has got the port of the admin interface meanwhile', async () => {
    const { stateDir, ...others } = call();
    await using mesh = await Standalone.start({ stateDir, ...others });
    const written = await readFile(join(stateDir, 'envoy', 'envoy-bootstrap.json'), 'utf8');
    const [, port] = /"admin":.*?"port_?[vV]alue":(\d+)/.exec(written) ?? [];
    const first = await mesh.envoyPid();
    process.kill(first, 'SIGKILL');
    const place = { name: 'held', address: '127.0.0.1', port: Number(port) };
    const held = await until('the port to be had', async () => {
      return await listen(createServer(), place).catch(() => undefined);
    });
    try {
      await until('the service to be served again', async () =>
        (await ask(7000).catch(() => '')) === 'shop-1' ? true : undefined,
      );
      assert.notEqual(await mesh.envoyPid(), first);
    } finally {
      await held.close();
    }
  });

  it('says what to do where another program has the address of a service', async () => {
    const held = await listen(createServer(), { name: 'held', address: serviceAddress, port: 7000 });
    try {
      await using mesh = await Standalone.start(call());
      const [problem] = await until('the problem to be known', async () => {
        const found = await mesh.problems();
        return found.length > 0 ? found : undefined;
      });
      assert.equal(problem?.code, 'MAESH_PROXY_REJECTED');
      assert.match(problem.message, /Address already in use/);
      assert.match(problem.advice, /--addressRange/);
    } finally {
      await held.close();
    }
  });
});
