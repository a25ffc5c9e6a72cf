/**
 * Makes `text` fit for a header that the server reads as UTF-8.
 *
 * fetch takes Latin-1 only and sends each character as one byte, so the UTF-8 bytes travel as characters.
 * ASCII stays as it is.
 */
export function encodeHeaderText(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('');
}
