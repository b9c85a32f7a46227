// A port of endpoints, which EndpointSlice and Endpoints write alike.

import { z } from 'zod';
import type { KubeEndpointPort } from '../../model/objects.ts';
import { optionalPortName, optionalText, port, protocol } from './fields.ts';

/** A port of an EndpointSlice or of a subset of Endpoints. */
export const endpointPort: z.ZodType<KubeEndpointPort> = z
  .object({ name: optionalPortName, port: port.nullish(), protocol, appProtocol: optionalText })
  .transform((value) => ({
    name: value.name ?? '',
    port: value.port ?? undefined,
    protocol: value.protocol,
    appProtocol: value.appProtocol || undefined,
  }));
