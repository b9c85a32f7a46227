// Resources as people read them: JSON with the field names of Envoy's documentation, as Envoy takes it in files.

import { create, type JsonObject, toJson } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';

import { registry } from './registry.ts';
import { type Resource, type Resources, typeUrls } from './resources.ts';

/** Every resource as JSON, each with its type in `@type`, sorted by name. */
export interface ResourcesJson {
  readonly listeners: readonly JsonObject[];
  readonly routes: readonly JsonObject[];
  readonly scopedRoutes: readonly JsonObject[];
  readonly clusters: readonly JsonObject[];
  readonly endpoints: readonly JsonObject[];
  /** Who calls; absent where access isn't controlled. */
  readonly extensions?: readonly JsonObject[];
}

/** Decodes all resources. */
export function resourcesToJson(resources: Resources): ResourcesJson {
  const all = (type: keyof typeof typeUrls): JsonObject[] =>
    [...resources[typeUrls[type]].values()].map(resourceToJson);
  const extensions = all('extensions');
  return {
    listeners: all('listener'),
    routes: all('routes'),
    scopedRoutes: all('scopedRoutes'),
    clusters: all('cluster'),
    endpoints: all('endpoints'),
    ...(extensions.length > 0 && { extensions }),
  };
}

/** Decodes one resource, its type first, in `@type`. Fields that have their default are left out. */
export function resourceToJson(resource: Resource): JsonObject {
  const any = create(AnySchema, { typeUrl: resource.typeUrl, value: resource.bytes });
  const json = toJson(AnySchema, any, { registry, useProtoFieldName: true }) as JsonObject;
  return { '@type': resource.typeUrl, ...json };
}
