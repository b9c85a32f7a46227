// What access control adds to every HTTP port of a proxy.

import { create } from '@bufbuild/protobuf';

import {
  type HttpFilter,
  type ResponseMapper,
  ResponseMapperSchema,
} from '../../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts';
import { replyText } from '../local-replies.ts';
import { internalHeaders } from '../names.ts';
import { accessFilter } from './access-policy.ts';
import { callerFilters } from './caller-tags.ts';

/** Parts of a connection manager. */
export interface AccessControl {
  /** Before all others that cost something: what is denied must cost nobody a token of a limit. */
  readonly filters: readonly HttpFilter[];
  /** Headers that clients must not send. */
  readonly internalHeaders: readonly string[];
  readonly localReplies: readonly ResponseMapper[];
}

/** Makes them; nothing where access isn't controlled. */
export function accessControl({
  isAccessControlled = false,
}: {
  readonly isAccessControlled?: boolean;
}): AccessControl {
  return isAccessControlled ? controlled : open;
}

const open: AccessControl = { filters: [], internalHeaders: [], localReplies: [] };

/** Of the proxy's own answers, only those of the access filter are 403. */
const denied: ResponseMapper = create(ResponseMapperSchema, {
  filter: {
    filterSpecifier: {
      case: 'statusCodeFilter',
      value: { comparison: { value: { defaultValue: 403, runtimeKey: 'maesh.denied' } } },
    },
  },
  ...replyText('Denied: no TrafficTarget of the mesh allows this request.\n'),
});

const controlled: AccessControl = {
  filters: [...callerFilters, accessFilter],
  internalHeaders: [internalHeaders.caller],
  localReplies: [denied],
};
