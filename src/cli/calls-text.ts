// What `maesh calls` says.

import type { Calls, PortCalls } from '../check/calls.ts';
import { serviceOf } from '../model/key.ts';
import { counted } from '../runtime/counted.ts';

/** Whether somebody calls, or may call again on a connection that is open. */
export function isCalled({ ports, arrived, connections }: Calls): boolean {
  return ports.length > 0 || arrived > 0 || connections > 0;
}

/** A line for each service port that was called, and one that sums up. */
export function callsText(calls: Calls, seconds: number): string {
  const { ports, arrived, connections, proxies } = calls;
  const where = `${counted(proxies.length, 'proxy', 'proxies')} within ${counted(seconds, 'second')}`;
  if (!isCalled(calls))
    return `Nobody called a service by a mesh name: ${where}, and no connection is open\n`;
  const lines = [
    ...ports.map(portText),
    `In all, ${counted(arrived, 'request or TCP connection', 'requests and TCP connections')} came to ${where}, and ` +
      `${counted(connections, 'connection is', 'connections are')} open`,
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function portText({ port, calls, open, bytes }: PortCalls): string {
  const service = serviceOf(port);
  const name = `${service}:${port.slice(service.length + 1)}`;
  if (bytes > 0) return `${name}: ${counted(bytes, 'byte')} in datagrams`;
  return `${name}: ${counted(calls, 'call')}, ${open} under way`;
}
