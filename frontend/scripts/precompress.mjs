// Writes a .br and a .gz beside every text file of dist, so that the server never compresses at run time.
// A file that does not get smaller has no compressed copy: the server then sends it as it is.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const compressible = /\.(js|css|html|svg|json)$/;

const encodings = [
  {
    suffix: '.br',
    encode: (bytes) =>
      brotliCompressSync(bytes, {
        params: {
          [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
          [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
        },
      }),
  },
  { suffix: '.gz', encode: (bytes) => gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }) },
];

const entries = await readdir(dist, { recursive: true, withFileTypes: true });
for (const entry of entries) {
  if (!entry.isFile() || !compressible.test(entry.name)) continue;
  const path = join(entry.parentPath, entry.name);
  const bytes = await readFile(path);
  const sizes = [`${bytes.length} B`];
  for (const { suffix, encode } of encodings) {
    const smaller = encode(bytes);
    if (smaller.length >= bytes.length) continue;
    await writeFile(path + suffix, smaller);
    sizes.push(`${suffix.slice(1)} ${smaller.length} B`);
  }
  console.log(`${relative(dist, path)}: ${sizes.join(', ')}`);
}
