// A process full of clients of delta xDS, each with a connection of its own: node crowd-main.ts PORT COUNT.

import { CrowdClient, findHoldings, firstRequests } from './crowd-client.ts';

const [port = '', count = ''] = process.argv.slice(2);
const address = `127.0.0.1:${port}`;
const holdings = await findHoldings(address);
const first = firstRequests(holdings, 'has nothing');
const again = firstRequests(holdings, 'has everything');
for (let n = 0; n < Number(count); n++) new CrowdClient(`client-${n}`, address).run(first, again);
// It never outlives the benchmark that started it.
process.on('disconnect', () => process.exit());
