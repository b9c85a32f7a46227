// Every problem code there is, with what it stands for. docs/problems.md has a row for each; a test holds the two together.

/** Code → what is wrong, in a few words. Codes are stable: scripts and alerts name them. */
export const problemCodes = {
  MAESH_ACCESS_ACCOUNT: 'A TrafficTarget names what is no service account',
  MAESH_ACCESS_ADDRESS: 'The address of a caller is not its alone',
  MAESH_ACCESS_PORT: 'The port of a TrafficTarget is none of its destination',
  MAESH_ACCESS_RULE: 'A rule of a TrafficTarget names what is not there',
  MAESH_ADDRESSES_EXHAUSTED: 'No loopback address is left for a service',
  MAESH_DOCUMENT_BROKEN: 'A document is neither YAML nor JSON',
  MAESH_DOCUMENT_UNKNOWN: 'A document is not a Kubernetes object, or one without a name',
  MAESH_ENDPOINT_HOST_NAME: 'An EndpointSlice holds host names, to which the mesh does not send',
  MAESH_ENDPOINT_PORT_NAME: "A service's EndpointSlices or Endpoints have no port with the name of its port",
  MAESH_FILE_ENCODING: 'A file is not text in UTF-8',
  MAESH_FILE_TOO_LARGE: 'A file is larger than what is read',
  MAESH_FILE_UNREADABLE: 'A file or folder cannot be read',
  MAESH_OBJECT_DUPLICATE: 'An object stands in two places',
  MAESH_OBJECT_INVALID: 'A field of an object is not what Kubernetes takes',
  MAESH_OBJECT_VERSION: 'An object is of an API version that is not read',
  MAESH_PATH_MISSING: 'A file or folder that was named is gone',
  MAESH_PORTS_EXHAUSTED: 'No mesh port is left for a service port',
  MAESH_PORT_PROTOCOL: "A port has a protocol that its service's traffic type does not take",
  MAESH_PORT_RANGE: 'A port is not a number from 1 to 65535',
  MAESH_PROXY_REJECTED: 'A proxy refused what was made of an object',
  MAESH_REGEX_INVALID: 'A regular expression is none that proxies take',
  MAESH_SERVICE_ANNOTATION: 'An annotation of the mesh has a value that means nothing',
  MAESH_SPLIT_BACKEND: 'A backend of a TrafficSplit cannot take what it is to get',
  MAESH_SPLIT_CONFLICT: 'Several TrafficSplits split all requests of one service',
  MAESH_SPLIT_CYCLE: "A TrafficSplit's backends lead back to its root",
  MAESH_SPLIT_MATCHES: "The requests that a TrafficSplit is for can't be told",
  MAESH_SPLIT_NESTED: 'A backend of a TrafficSplit has a TrafficSplit for some requests only',
  MAESH_SPLIT_ROOT: 'The root of a TrafficSplit is no service of the mesh',
  MAESH_SPLIT_SIZE: 'A TrafficSplit has too many matches for its backends',
  MAESH_SPLIT_WEIGHT: 'The weights of a TrafficSplit make no sense',
  MAESH_TARGET_PORT_UNRESOLVED: "A targetPort's name is no container port's in some or all of the pods",
} as const;

export type ProblemCode = keyof typeof problemCodes;
