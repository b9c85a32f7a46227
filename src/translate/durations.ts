// Durations as Envoy's messages want them.

import { create } from '@bufbuild/protobuf';
import { type Duration, DurationSchema } from '@bufbuild/protobuf/wkt';

/** A duration of whole milliseconds. In most of Envoy's fields zero means "never". */
export function milliseconds(count: number): Duration {
  return create(DurationSchema, {
    seconds: BigInt(Math.floor(count / 1000)),
    nanos: (count % 1000) * 1_000_000,
  });
}

/** A duration of whole seconds. */
export function seconds(count: number): Duration {
  return milliseconds(count * 1000);
}

/** No limit: the value that switches a timeout of Envoy's off where leaving it out would mean a default. */
export const never: Duration = seconds(0);
