// Where things are of what stands in for the original in a cluster.

/** Traefik, in the image. */
export const traefikPath = '/usr/local/bin/traefik';

/** What a controller says, and where it listens. */
export const configurationPath = '/api/configuration/current';
export const controllerPort = 9000;
