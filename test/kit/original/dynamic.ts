// Traefik's dynamic configuration, as far as the original made use of it, and the object that collects it.

/** A router of any protocol. */
interface Router {
  readonly entryPoints: readonly string[];
  readonly service: string;
}

export interface HttpRouter extends Router {
  readonly rule: string;
  readonly priority: number;
  readonly middlewares?: readonly string[];
}

export type HttpService =
  | {
      readonly loadBalancer: {
        readonly passHostHeader: boolean;
        readonly servers?: ReadonlyArray<{ readonly url: string }>;
      };
    }
  | { readonly weighted: Weighted };

export interface Weighted {
  readonly services?: ReadonlyArray<{ readonly name: string; readonly weight: number }>;
}

export type Middleware =
  | { readonly retry: { readonly attempts: number } }
  | { readonly rateLimit: { readonly average: number; readonly burst: number } }
  | { readonly circuitBreaker: { readonly expression: string } }
  | {
      readonly ipWhiteList: {
        readonly sourceRange: readonly string[];
        readonly ipStrategy?: { readonly depth: number };
      };
    };

/** A service of connections or datagrams. */
export type L4Service =
  | { readonly loadBalancer: { readonly servers?: ReadonlyArray<{ readonly address: string }> } }
  | { readonly weighted: Weighted };

export interface TcpRouter extends Router {
  readonly rule: 'HostSNI(`*`)';
}

type Named<T> = Record<string, T>;

/** The whole, filled step by step. Names that are used twice mean the last, as in the original. */
export class DynamicConfiguration {
  readonly http: {
    routers: Named<HttpRouter>;
    services: Named<HttpService>;
    middlewares: Named<Middleware>;
  } = { routers: {}, services: {}, middlewares: {} };
  readonly tcp: { routers: Named<TcpRouter>; services: Named<L4Service> } = { routers: {}, services: {} };
  readonly udp: { routers: Named<Router>; services: Named<L4Service> } = { routers: {}, services: {} };

  /** As Traefik's file provider reads it, which takes empty maps for mistakes. */
  toJson(): string {
    const { http, tcp, udp } = this;
    return JSON.stringify(withoutEmpty({ http, tcp, udp }));
  }
}

function withoutEmpty(value: Readonly<Record<string, object>>, depth = 2): Record<string, object> {
  const filled = depth === 0 ? Object.entries(value) : Object.entries(value).map(deeper);
  return Object.fromEntries(filled.filter(([, field]) => Object.keys(field).length > 0));

  function deeper([key, field]: [string, object]): [string, object] {
    return [key, depth > 1 ? withoutEmpty(field as Record<string, object>, depth - 1) : field];
  }
}
