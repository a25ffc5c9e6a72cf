// Writes src/api/schema.d.ts from the server's OpenAPI document, or, with --check, fails when it is stale.
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import openapiTS, { astToString, COMMENT_HEADER } from 'openapi-typescript';

const published = new URL('../../openapi.json', import.meta.url);
const target = new URL('../src/api/schema.d.ts', import.meta.url);

const wanted = COMMENT_HEADER + astToString(await openapiTS(published));

if (process.argv.includes('--check')) {
  const present = existsSync(target) ? await readFile(target, 'utf8') : '';
  if (present !== wanted) {
    console.error(
      'src/api/schema.d.ts does not match the OpenAPI document: run `npm run gen` and commit it.',
    );
    process.exit(1);
  }
} else {
  await writeFile(target, wanted);
}
