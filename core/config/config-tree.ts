import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml';

/** A YAML value that still knows where it was written, so that a problem found later can be located. */
export type ConfigNode = ConfigMapping | ConfigList | ConfigScalar;

export interface ConfigMapping {
  readonly kind: 'mapping';
  readonly origin: Origin;
  readonly entries: Map<string, ConfigEntry>;
}

export interface ConfigEntry {
  readonly keyOrigin: Origin;
  readonly node: ConfigNode;
}

export interface ConfigList {
  readonly kind: 'list';
  readonly origin: Origin;
  readonly items: readonly ConfigNode[];
}

export interface ConfigScalar {
  readonly kind: 'scalar';
  readonly origin: Origin;
  readonly value: unknown;
}

/** `file:line:column`, or the override as the user typed it. */
export type Origin = string;

export interface ConfigProblem {
  readonly origin: Origin;
  readonly sentence: string;
  /** Dotted path of the option, given where nothing else need be said about it. */
  readonly path?: string;
}

/** A configuration text and the name by which errors call it. */
export interface ConfigSource {
  readonly text: string;
  readonly source: string;
}

export type ParsedConfig = { readonly node: ConfigNode } | { readonly problems: readonly ConfigProblem[] };

/**
 * Parses one YAML 1.2 document with plain values only: tags and aliases are refused, so nothing in it is evaluated or
 * expanded. An empty text is an empty mapping. With `inline`, every origin is the source itself.
 */
export function parseConfig({ text, source }: ConfigSource, { inline = false } = {}): ParsedConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, version: '1.2', schema: 'core', prettyErrors: false });
  const originAt = (offset: number): Origin => {
    if (inline) return source;
    const { line, col } = lines.linePos(offset);
    return `${source}:${line}:${col}`;
  };
  const problems: ConfigProblem[] = [...document.errors, ...document.warnings].map(({ message, pos }) => ({
    origin: originAt(pos[0]),
    sentence: `not valid YAML: ${message}`,
  }));
  const convert = new Converter(originAt, problems);
  const node = convert.node(document.contents, source);
  return problems.length > 0 ? { problems } : { node };
}

class Converter {
  constructor(
    readonly originAt: (offset: number) => Origin,
    readonly problems: ConfigProblem[],
  ) {}

  node(value: unknown, parentOrigin: Origin): ConfigNode {
    if (isMap(value)) return this.#mapping(value.items, this.#origin(value, parentOrigin));
    const origin = this.#origin(value, parentOrigin);
    if (isSeq(value)) return { kind: 'list', origin, items: value.items.map((item) => this.node(item, origin)) };
    if (isAlias(value)) this.problems.push({ origin, sentence: 'aliases (*name) are not allowed; repeat the value' });
    return { kind: 'scalar', origin, value: isScalar(value) ? value.value : null };
  }

  #mapping(pairs: readonly Pair[], origin: Origin): ConfigMapping {
    const entries = new Map<string, ConfigEntry>();
    for (const { key, value } of pairs) {
      const keyOrigin = this.#origin(key, origin);
      if (!isScalar(key))
        this.problems.push({ origin: keyOrigin, sentence: 'the name of an option must be plain text' });
      else entries.set(String(key.value), { keyOrigin, node: this.node(value, keyOrigin) });
    }
    return { kind: 'mapping', origin, entries };
  }

  #origin(value: unknown, fallback: Origin): Origin {
    const range = (value as Node | null)?.range;
    return range ? this.originAt(range[0]) : fallback;
  }
}

/** An empty mapping, for a configuration that consists of defaults. */
export function emptyMapping(origin: Origin): ConfigMapping {
  return { kind: 'mapping', origin, entries: new Map() };
}

/** A plain value as a node, all of it with one origin. */
export function nodeFrom(value: unknown, origin: Origin): ConfigNode {
  if (Array.isArray(value)) return { kind: 'list', origin, items: value.map((item) => nodeFrom(item, origin)) };
  if (typeof value !== 'object' || value === null) return { kind: 'scalar', origin, value };
  const entries = Object.entries(value).map(
    ([key, item]) => [key, { keyOrigin: origin, node: nodeFrom(item, origin) }] as const,
  );
  return { kind: 'mapping', origin, entries: new Map(entries) };
}

/** The plain value for validation. */
export function plainValue(node: ConfigNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(plainValue);
  return Object.fromEntries([...node.entries].map(([key, entry]) => [key, plainValue(entry.node)]));
}

/** The node at a path, or undefined where the text says nothing (a default, or an option that is missing). */
export function nodeAt(node: ConfigNode, path: readonly PropertyKey[]): ConfigNode | undefined {
  let current: ConfigNode | undefined = node;
  for (const part of path) {
    if (current?.kind === 'mapping') current = current.entries.get(String(part))?.node;
    else if (current?.kind === 'list') current = current.items[Number(part)];
    else return undefined;
  }
  return current;
}

/** Where a path, or else the nearest enclosing option that was written down, stands. */
export function originOf(node: ConfigNode, path: readonly PropertyKey[]): Origin {
  for (let length = path.length; length > 0; length--) {
    const found = nodeAt(node, path.slice(0, length));
    if (found !== undefined) return found.origin;
  }
  return node.origin;
}
