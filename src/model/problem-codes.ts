// Every code that a Problem may have. docs/problems.md has a section for each; a test compares the two both ways.

/** Codes of problems, by what they are called in our code. */
export const problemCodes = {
  /** A port of a Service has a protocol that its traffic type doesn't take. */
  portProtocol: 'MAESH_PORT_PROTOCOL',
  /** A named targetPort is no container port's name in some or all of the pods. */
  targetPortUnresolved: 'MAESH_TARGET_PORT_UNRESOLVED',
  /** A Service's EndpointSlices or Endpoints have no port with the name of its port. */
  endpointPortName: 'MAESH_ENDPOINT_PORT_NAME',
  /** An EndpointSlice holds host names, to which the mesh does not send. */
  endpointHostName: 'MAESH_ENDPOINT_HOST_NAME',
  /** No mesh port was left for a service port. */
  portsExhausted: 'MAESH_PORTS_EXHAUSTED',
  /** No loopback address was left for a service. */
  addressesExhausted: 'MAESH_ADDRESSES_EXHAUSTED',
  /** A proxy refused a resource made of the object. */
  proxyRejected: 'MAESH_PROXY_REJECTED',
} as const;

/** A code of a problem. */
export type ProblemCode = (typeof problemCodes)[keyof typeof problemCodes];
