// `npm run image -- FILE NAME…` writes images as one OCI archive; `npm run image -- --layers FOLDER NAME` puts the layers
// of an image into folders, as image/Dockerfile needs them.

import { parseArgs } from 'node:util';

import { images, type ImageName } from './images.ts';
import { layOut } from './lay-out.ts';
import { writeOciArchive } from './oci-archive.ts';

const usage = `Usage: npm run image -- FILE NAME…              writes one archive with these images
       npm run image -- --layers FOLDER NAME    puts the layers of an image into FOLDER/0, FOLDER/1 …
Images: ${Object.keys(images).join(', ')}
`;

function isImageName(name: string): name is ImageName {
  return Object.hasOwn(images, name);
}

const { values, positionals } = parseArgs({
  options: { layers: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [target, ...names] = positionals;
const isRight = names.every(isImageName) && names.length > 0 && (!values.layers || names.length === 1);
if (target === undefined || !isRight) {
  process.stderr.write(usage);
  process.exitCode = 1;
} else {
  const made = await Promise.all(names.filter(isImageName).map((name) => images[name]()));
  if (values.layers)
    await layOut(
      made.flatMap(({ layers }) => layers),
      target,
    );
  else await writeOciArchive(target, made);
}
