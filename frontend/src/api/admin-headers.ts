import { encodeHeaderText } from '../lib/header-text';

/** What proves to the server that an admin asks. */
export function adminHeaders(key: string): Record<string, string> {
  return { 'X-Admin-Key': encodeHeaderText(key) };
}
