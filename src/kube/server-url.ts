// Addresses of API servers as users write them.

import { AccessError } from './access-error.ts';

/**
 * Reads an address: a URL, or `host:port` with the protocol left out, as kubectl takes it.
 *
 * @throws {@link AccessError} where it is neither.
 */
export function serverUrl(text: string, protocol: 'http:' | 'https:'): URL {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `${protocol}//${text}`);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new AccessError(
      `${text} is no address of an API server: give it as https://host:port, as kubectl cluster-info shows it`,
    );
  }
  return url;
}
