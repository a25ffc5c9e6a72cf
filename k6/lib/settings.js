// What the environment says: where the server is, its admin key, and sizes, each within limits.

/** The address that buyers call, without a slash at its end. */
export const BASE_URL = address('BASE_URL', 'http://127.0.0.1:3000');

/** The address that the admin calls: past a proxy that limits requests, if there is one. */
export const ADMIN_URL = address('ADMIN_URL', BASE_URL);

/** What the server was started with as `ADMIN_API_KEY`. */
export const ADMIN_API_KEY = key();

/** Where summaries are written; the folder exists. */
export const SUMMARY_DIR = __ENV.SUMMARY_DIR || '.';

/** Whether the sale stays when the run is over. */
export const KEEP_SALE = __ENV.KEEP_SALE === '1';

/** The whole number in `name` from `least` to `most`, or `standard` if there is none. */
export function size(name, standard, least, most) {
  const text = __ENV[name] || String(standard);
  const number = Number(text);
  if (!Number.isInteger(number) || number < least || number > most) {
    throw new Error(`${name} is ${text}: it must be a whole number from ${least} to ${most}`);
  }
  return number;
}

function address(name, standard) {
  const text = (__ENV[name] || standard).replace(/\/+$/, '');
  if (!/^https?:\/\/[^/\s]+$/.test(text)) {
    throw new Error(`${name} is ${text}: it must be an address such as http://127.0.0.1:3000`);
  }
  return text;
}

function key() {
  const text = __ENV.ADMIN_API_KEY || '';
  if (text.length < 16) {
    throw new Error('ADMIN_API_KEY must be that of the server: 16 characters or more');
  }
  return text;
}
