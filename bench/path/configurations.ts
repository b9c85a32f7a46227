// What the programs beside Maesh are configured with: as little as they need, and the defaults for the rest.

import { pathAddresses, servicePort } from '../kit/addresses.ts';

/** Port on which each program takes HTTP requests; the backend's too. */
export const httpPort: number = servicePort;

/** Port on which each proxy passes TCP connections on as they are. */
export const tcpPort = 8081;

/** A small answer, as of an API. */
const answer = JSON.stringify({ shop: 'open', items: 'x'.repeat(200) });

/** nginx as backend: one process that answers from memory and keeps every connection. */
export function nginxConf(folder: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `  ${kind}_temp_path ${folder}/nginx-${kind};`,
  );
  return `daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
${temporary.join('\n')}
  server {
    listen ${pathAddresses.backend}:${httpPort};
    default_type application/json;
    location / { return 200 '${answer}'; }
  }
}
`;
}

const backend = {
  load_assignment: {
    cluster_name: 'backend',
    endpoints: [{ lb_endpoints: [{ endpoint: { address: socket(pathAddresses.backend, httpPort) } }] }],
  },
};

/** An Envoy that does nothing but pass on: one HTTP and one TCP listener, one static cluster. */
export const bareEnvoy: object = {
  static_resources: {
    clusters: [{ name: 'backend', type: 'STATIC', ...backend }],
    listeners: [
      {
        name: 'http',
        address: socket(pathAddresses.envoy, httpPort),
        filter_chains: [
          {
            filters: [
              filter('http_connection_manager.v3.HttpConnectionManager', {
                stat_prefix: 'http',
                route_config: {
                  virtual_hosts: [
                    {
                      name: 'all',
                      domains: ['*'],
                      routes: [{ match: { prefix: '/' }, route: { cluster: 'backend' } }],
                    },
                  ],
                },
                http_filters: [
                  {
                    name: 'envoy.filters.http.router',
                    typed_config: {
                      '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
                    },
                  },
                ],
              }),
            ],
          },
        ],
      },
      {
        name: 'tcp',
        address: socket(pathAddresses.envoy, tcpPort),
        filter_chains: [
          { filters: [filter('tcp_proxy.v3.TcpProxy', { stat_prefix: 'tcp', cluster: 'backend' })] },
        ],
      },
    ],
  },
};

function socket(address: string, port: number): object {
  return { socket_address: { address, port_value: port } };
}

function filter(type: string, config: object): object {
  const [name = ''] = type.split('.');
  return {
    name: `envoy.filters.network.${name}`,
    typed_config: { '@type': `type.googleapis.com/envoy.extensions.filters.network.${type}`, ...config },
  };
}

/** Traefik's flags: two entry points, nothing that phones home or logs requests. */
export function traefikFlags(dynamicFile: string): string[] {
  return [
    `--entryPoints.web.address=${pathAddresses.traefik}:${httpPort}`,
    `--entryPoints.raw.address=${pathAddresses.traefik}:${tcpPort}`,
    `--providers.file.filename=${dynamicFile}`,
    '--global.checkNewVersion=false',
    '--global.sendAnonymousUsage=false',
    '--log.level=ERROR',
  ];
}

/** Traefik's routes to the backend. */
export const traefikDynamic: object = {
  http: {
    routers: { web: { entryPoints: ['web'], rule: 'PathPrefix(`/`)', service: 'backend' } },
    services: {
      backend: { loadBalancer: { servers: [{ url: `http://${pathAddresses.backend}:${httpPort}` }] } },
    },
  },
  tcp: {
    routers: { raw: { entryPoints: ['raw'], rule: 'HostSNI(`*`)', service: 'backend' } },
    services: {
      backend: { loadBalancer: { servers: [{ address: `${pathAddresses.backend}:${httpPort}` }] } },
    },
  },
};
