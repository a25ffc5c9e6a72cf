/** What a server reads in a header whose characters stand for bytes. */
export function asUtf8(header: string): string {
  return new TextDecoder().decode(Uint8Array.from(header, (character) => character.charCodeAt(0)));
}
