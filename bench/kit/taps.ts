// Loaded into `maesh standalone` before it starts (`node --import`).

import { TopologyBuilder } from '../../src/model/build.ts';
import { ControlLoop } from '../../src/control/loop.ts';
import { Metrics } from '../../src/serve/http/metrics.ts';
import { XdsServer } from '../../src/serve/xds/server.ts';
import { ChangeQueue } from '../../src/source/file/change-queue.ts';
import { FileTracker } from '../../src/source/file/file-tracker.ts';
import { note, tap } from './tap.ts';

note('booted');
tap(ChangeQueue.prototype, 'touch', { call: 'noticed' });
tap(FileTracker.prototype, 'look', { call: 'looking' });
tap(ControlLoop.prototype, 'offer', { call: 'offered' });
tap(TopologyBuilder.prototype, 'build', { call: 'building', return: 'built' });
tap(XdsServer.prototype, 'publish', { call: 'publishing', return: 'published' });
tap(Metrics.prototype, 'pushed', { call: 'pushed' });
tap(Metrics.prototype, 'acknowledged', { call: 'acknowledged' });
