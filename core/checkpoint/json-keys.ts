/**
 * The first name that occurs twice in one object of a JSON text, or undefined. `JSON.parse` silently keeps the last of
 * two equal names, which would let a damaged or forged header hide data. The text must already be known to be valid.
 */
export function findDuplicateKey(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  for (const { 0: token } of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(?:\s*:)?|[{}[\]]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token.endsWith(':')) {
      const key: string = JSON.parse(token.slice(0, -1));
      const seen = open.at(-1);
      if (seen?.has(key)) return key;
      seen?.add(key);
    }
  }
  return undefined;
}

/** JSON in UTF-8, as text and as what it says. @throws TypeError for bytes that are no text, SyntaxError for a text that is no JSON. */
export function decodeJson(bytes: Uint8Array): { readonly text: string; readonly parsed: unknown } {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  return { text, parsed: JSON.parse(text) };
}
