// Objects as the API server sends them: JSON, of which only the metadata that every object has is known here.

/** The part of `metadata` that every object has, and that following and changing objects needs. */
export interface ApiMetadata {
  readonly name: string;
  /** Absent on objects that belong to no namespace. */
  readonly namespace?: string;
  readonly uid?: string;
  /** Grows with each change of what is wanted of the object, where its kind tells that from its status. */
  readonly generation?: number;
  /** Stands for one version of one object; grows with every change that the server takes, whatever it concerns. */
  readonly resourceVersion: string;
  readonly [field: string]: unknown;
}

/** An object of any kind. In lists, the server leaves out `apiVersion` and `kind`. */
export interface ApiObject {
  readonly metadata: ApiMetadata;
  readonly [field: string]: unknown;
}

/** An object to be written: what is known of it, without what the server adds. */
export interface ObjectToWrite {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

/** `namespace/name`, or `/name` where the object has no namespace. */
export function keyOf({ metadata: { namespace, name } }: ApiObject): string {
  return `${namespace ?? ''}/${name}`;
}

/** Whether a value has the metadata that every object of an API server has. */
export function isApiObject(value: unknown): value is ApiObject {
  if (!isRecord(value) || !isRecord(value['metadata'])) return false;
  const { name, namespace, resourceVersion } = value['metadata'];
  return (
    typeof name === 'string' &&
    typeof resourceVersion === 'string' &&
    (namespace === undefined || typeof namespace === 'string')
  );
}

/** Whether a value is a JSON object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
