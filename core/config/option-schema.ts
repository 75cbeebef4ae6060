import { z } from 'zod';
import { CausalPilotError } from '../errors.js';
import { type ConfigMapping, type ConfigNode, type ConfigProblem, nodeFrom } from './config-tree.js';
import { nearestName } from './nearest-name.js';

// Everything that must be known about a configuration besides validating it (names, alternatives, documentation) is
// read from its JSON Schema, which is a public output of zod, rather than from zod's internals.

export interface OptionSchema extends z.core.JSONSchema.BaseSchema {
  /** Options of earlier versions and what they are called now; given to zod by `.meta({ renamed })`. */
  readonly renamed?: Readonly<Record<string, string>>;
}

/** The JSON Schema of what a user may write: options with a default are not required. */
export function optionSchema(schema: z.ZodType): OptionSchema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
}

/** Sub-schemas may also be `true`, `false` or absent: then nothing is known about them. */
export function knownSchema(schema: unknown): OptionSchema {
  return typeof schema === 'object' && schema !== null ? (schema as OptionSchema) : {};
}

/** The alternatives of a union, or an empty list. */
export function alternatives(schema: OptionSchema): OptionSchema[] {
  return (schema.oneOf ?? schema.anyOf ?? []).map(knownSchema);
}

/** The values that a schema fixes by `const` or `enum`, or undefined. */
export function fixedValues(schema: OptionSchema): readonly unknown[] | undefined {
  return schema.const !== undefined ? [schema.const] : schema.enum;
}

/** The option that tells the alternatives of a discriminated union apart, such as `kind`; undefined for other schemas. */
export function discriminatorOf(schema: OptionSchema): string | undefined {
  const objects = alternatives(schema).filter(({ properties }) => properties !== undefined);
  if (objects.length < 2) return undefined;
  return Object.keys(objects[0]?.properties ?? {}).find((name) =>
    objects.every(
      ({ properties, required }) =>
        required?.includes(name) && fixedValues(knownSchema(properties?.[name])) !== undefined,
    ),
  );
}

/** The object schema that applies to a mapping: itself, or the alternative of a union that the mapping selects. */
function objectSchemaFor(schema: OptionSchema, mapping: ConfigMapping): OptionSchema | undefined {
  if (schema.type === 'object') return schema;
  const objects = alternatives(schema).filter(({ type }) => type === 'object');
  const name = discriminatorOf(schema);
  if (name === undefined) return objects.length === 1 ? objects[0] : undefined;
  const chosen = mapping.entries.get(name)?.node;
  return objects.find(
    ({ properties }) =>
      chosen?.kind === 'scalar' && fixedValues(knownSchema(properties?.[name]))?.includes(chosen.value),
  );
}

/** The schema of one option inside an object schema; undefined where the object has no such option. */
export function childSchema(schema: OptionSchema, name: string): OptionSchema | undefined {
  if (schema.properties !== undefined && Object.hasOwn(schema.properties, name))
    return knownSchema(schema.properties[name]);
  if (schema.additionalProperties === false) return undefined;
  return knownSchema(schema.additionalProperties);
}

/**
 * `base` with everything that `overlay` says; mappings are joined, lists and plain values replaced. Where the overlay
 * selects another alternative of a discriminated union, the base's options for the old one are dropped.
 */
export function mergeNodes(base: ConfigNode, overlay: ConfigNode, schema: OptionSchema): ConfigNode {
  if (base.kind !== 'mapping' || overlay.kind !== 'mapping') return overlay;
  const name = discriminatorOf(schema);
  const [before, after] = [base, overlay].map(({ entries }) => entries.get(name ?? '')?.node);
  const switched = before?.kind === 'scalar' && after?.kind === 'scalar' && before.value !== after.value;
  if (name !== undefined && switched) return overlay;
  const merged: ConfigMapping = { ...overlay, entries: new Map([...base.entries, ...overlay.entries]) };
  const own = objectSchemaFor(schema, merged) ?? {};
  for (const [key, entry] of overlay.entries) {
    const older = base.entries.get(key);
    if (older === undefined) continue;
    merged.entries.set(key, { ...entry, node: mergeNodes(older.node, entry.node, childSchema(own, key) ?? {}) });
  }
  return merged;
}

/**
 * Completes groups that are written down in part by what their own default says, so that `environment.noise` can be
 * given without repeating the default `environment.kind`.
 */
export function fillGroupDefaults(node: ConfigNode, schema: OptionSchema): ConfigNode {
  if (node.kind !== 'mapping') return node;
  const isGroup = schema.properties !== undefined || alternatives(schema).length > 0;
  const filled = isGroup ? mergeNodes(nodeFrom(schema.default, node.origin), node, schema) : node;
  if (filled.kind !== 'mapping') return filled;
  const own = objectSchemaFor(schema, filled) ?? {};
  const entries = [...filled.entries].map(
    ([key, entry]) => [key, { ...entry, node: fillGroupDefaults(entry.node, childSchema(own, key) ?? {}) }] as const,
  );
  return { ...filled, entries: new Map(entries) };
}

/**
 * Reports every option that the schema does not know, with the nearest one that it does, and removes it from the tree.
 *
 * @throws CausalPilotError E_STATE when an object of the schema would silently drop unknown options.
 */
export function removeUnknownOptions(root: ConfigNode, schema: OptionSchema): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const visit = (node: ConfigNode, here: OptionSchema, path: string): void => {
    if (node.kind === 'scalar') {
      const sentence = groupHint(node.value, here, path);
      if (sentence !== undefined) problems.push({ origin: node.origin, sentence, path });
    } else if (node.kind === 'list') {
      for (const [at, item] of node.items.entries()) visit(item, knownSchema(here.items), `${path}.${at}`);
    } else if (node.kind === 'mapping') {
      const own = objectSchemaFor(here, node);
      if (own === undefined) return;
      checkStrict(own, path);
      for (const [key, { keyOrigin, node: value }] of [...node.entries]) {
        const option = path === '' ? key : `${path}.${key}`;
        const known = childSchema(own, key);
        if (known !== undefined) {
          visit(value, known, option);
          continue;
        }
        node.entries.delete(key);
        const renamed = own.renamed?.[key];
        if (renamed !== undefined) {
          problems.push(...renamedOptions(value, option, { keyOrigin, renamed }));
          continue;
        }
        const hint = suggestion({ key, path, own, root: schema });
        problems.push({ origin: keyOrigin, sentence: `unknown option '${option}'; ${hint}` });
      }
    }
  };
  visit(root, schema, '');
  return problems;
}

/** A group chosen by one word, as in `learner: redq` for `learner: { kind: redq }`. */
function groupHint(value: unknown, schema: OptionSchema, path: string): string | undefined {
  const name = discriminatorOf(schema);
  const kinds = alternatives(schema).flatMap(
    (branch) => fixedValues(knownSchema(branch.properties?.[name ?? ''])) ?? [],
  );
  if (name === undefined || !kinds.includes(value)) return undefined;
  return `option '${path}' is a group of options; write ${path}.${name}=${value} or ${path}: { ${name}: ${value} }`;
}

/** One problem for every plain option of an earlier version below `option`, with what it is called now. */
function renamedOptions(
  value: ConfigNode,
  option: string,
  { keyOrigin, renamed }: { readonly keyOrigin: string; readonly renamed: string },
): ConfigProblem[] {
  if (value.kind !== 'mapping' || value.entries.size === 0)
    return [{ origin: keyOrigin, sentence: `option '${option}' is called '${renamed}' now` }];
  return [...value.entries].map(([key, entry]) => ({
    origin: entry.keyOrigin,
    sentence: `option '${option}.${key}' is called '${renamed}.${key}' now`,
  }));
}

function checkStrict(schema: OptionSchema, path: string): void {
  if (schema.properties === undefined || schema.additionalProperties !== undefined) return;
  throw new CausalPilotError(
    'E_STATE',
    `the configuration schema at '${path}' would drop unknown options; declare it with z.strictObject`,
  );
}

function suggestion(at: { key: string; path: string; own: OptionSchema; root: OptionSchema }): string {
  const siblings = Object.keys(at.own.properties ?? {});
  const full = (name: string): string => (at.path === '' ? name : `${at.path}.${name}`);
  const near = nearestName(at.key, siblings);
  if (near !== undefined) return `did you mean '${full(near)}'?`;
  const elsewhere = optionPaths(at.root).find((path) => path.split('.').at(-1) === at.key);
  const listed = siblings.length === 0 ? 'no options are known here' : `known here: ${siblings.join(', ')}`;
  if (elsewhere === full(at.key)) return `it belongs to another kind; ${listed}`;
  if (elsewhere !== undefined) return `did you mean '${elsewhere}'?`;
  return listed;
}

function optionPaths(schema: OptionSchema, prefix = ''): string[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, child]) => [
    `${prefix}${name}`,
    ...optionPaths(knownSchema(child), `${prefix}${name}.`),
  ]);
  return [...own, ...alternatives(schema).flatMap((alternative) => optionPaths(alternative, prefix))];
}
