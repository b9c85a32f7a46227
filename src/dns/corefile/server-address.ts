// The keys of server blocks: which zone is served on which port (coredns, core/dnsserver/address.go, plugin/normalize.go).

/** A key, read. */
export interface ServerAddress {
  /** `dns`, `tls`, `https` … */
  readonly transport: string;
  /** In lower case and without a dot at the end, so that the root is empty. As written where it is a network. */
  readonly zone: string;
  readonly port: number;
}

const defaultPorts: Readonly<Record<string, number>> = {
  dns: 53,
  tls: 853,
  quic: 853,
  grpc: 443,
  https: 443,
  https3: 443,
};

/** Reads a key. Undefined where CoreDNS would refuse it, or where it can't be known because a variable is in it. */
export function readAddress(key: string): ServerAddress | undefined {
  const [, transport = 'dns', rest = ''] = /^(?:(\w+):\/\/)?(.*)$/s.exec(key) ?? [];
  const [, host = '', port] = /^(.*?)(?::(\d+))?$/s.exec(rest) ?? [];
  const number = port === undefined ? defaultPorts[transport] : Number(port);
  if (number === undefined || number > 65_535 || !isZone(host)) return undefined;
  return { transport, zone: normalZone(host), port: number };
}

/** Whether a variable of CoreDNS' process stands in a word, which may then be anything. */
export function hasVariable(word: string): boolean {
  return /\{[$%]/.test(word);
}

/** A domain as it is compared. */
export function normalZone(domain: string): string {
  return domain.toLowerCase().replace(/\.$/, '');
}

/** Whether a name lies in a zone, or is the zone. Both are normal. */
export function isInZone(name: string, zone: string): boolean {
  return zone === '' || name === zone || name.endsWith(`.${zone}`);
}

function isZone(host: string): boolean {
  if (host === '.' || /^[\da-f.:]+\/\d+$/i.test(host)) return true;
  const labels = normalZone(host).split('.');
  return (
    host.length <= 254 &&
    labels.every((label) => label.length > 0 && label.length <= 63 && !/[\s:{}]/.test(label))
  );
}
