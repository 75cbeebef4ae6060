import { stringify } from 'yaml';
import type { z } from 'zod';
import {
  alternatives,
  childSchema,
  discriminatorOf,
  fixedValues,
  knownSchema,
  type OptionSchema,
  optionSchema,
} from './option-schema.js';

/** One option of a configuration, as `config explain` prints it. */
export interface OptionExplanation {
  /** Dotted path; `[]` stands for each entry of a list, `<name>` for a free name. */
  readonly path: string;
  /** What may be written there, in words. */
  readonly type: string;
  /** Absent where the option is required or has no default. */
  readonly default?: unknown;
  readonly required: boolean;
  readonly description: string;
  /** The choice under which the option exists, such as `environment.kind = sergio`. */
  readonly when?: string;
}

/** The JSON Schema of a configuration file, for editors and for `config schema`. */
export function configJsonSchema(schema: z.ZodType): Record<string, unknown> {
  const { renamed: _, ...extending } = optionSchema(schema);
  const ownOption = { type: 'string', description: 'preset whose options this configuration starts from' };
  return { ...extending, properties: { extends: ownOption, ...extending.properties } };
}

/** Every option below `schema`, depth first in the order of declaration. */
export function explainConfig(schema: z.ZodType): OptionExplanation[] {
  return explainGroup(optionSchema(schema), { prefix: '', inherited: undefined, when: undefined });
}

/** The explanations as text, one option a paragraph; `prefix` limits them to a path and what lies below it. */
export function formatExplanations(explanations: readonly OptionExplanation[], prefix = ''): string {
  return explanations
    .filter(({ path }) => prefix === '' || path === prefix || path.startsWith(`${prefix}.`))
    .map((option) => {
      const value = option.required
        ? 'required'
        : 'default' in option
          ? `default ${inline(option.default)}`
          : 'optional';
      const condition = option.when === undefined ? '' : `, when ${option.when}`;
      const description = option.description === '' ? '' : `\n    ${option.description}`;
      return `${option.path}: ${option.type} (${value}${condition})${description}`;
    })
    .join('\n');
}

interface Place {
  readonly prefix: string;
  /** The value that a default of an enclosing group gives here. */
  readonly inherited: unknown;
  readonly when: string | undefined;
}

function explainGroup(group: OptionSchema, place: Place): OptionExplanation[] {
  const choice = discriminatorOf(group);
  if (choice !== undefined) return explainAlternatives(group, choice, place);
  return Object.keys(group.properties ?? {}).flatMap((name) => {
    const child = childSchema(group, name) ?? {};
    const inherited = memberOf(place.inherited, name);
    return explainOption(child, {
      path: place.prefix + name,
      inherited,
      when: place.when,
      required: (group.required?.includes(name) ?? false) && inherited === undefined,
    });
  });
}

function explainAlternatives(group: OptionSchema, choice: string, place: Place): OptionExplanation[] {
  const branches = alternatives(group);
  const values = branches.map((branch) => fixedValues(knownSchema(branch.properties?.[choice])) ?? []);
  const inherited = memberOf(place.inherited, choice);
  const selector: OptionExplanation = {
    path: place.prefix + choice,
    type: values.flat().map(inline).join(' | '),
    required: inherited === undefined,
    description: group.description ?? '',
    ...(inherited === undefined ? {} : { default: inherited }),
    ...(place.when === undefined ? {} : { when: place.when }),
  };
  const members = branches.flatMap((branch, index) => {
    const own = values[index] ?? [];
    const chosen = `${place.prefix}${choice} = ${own.map(inline).join(' or ')}`;
    const when = place.when === undefined ? chosen : `${place.when} and ${chosen}`;
    // A default of the union describes the alternative that it selects, and no other.
    const ownDefault = own.includes(inherited) ? place.inherited : undefined;
    const rest = Object.entries(branch.properties ?? {}).filter(([name]) => name !== choice);
    return explainGroup(
      { ...branch, properties: Object.fromEntries(rest) },
      {
        prefix: place.prefix,
        inherited: ownDefault,
        when,
      },
    );
  });
  return [selector, ...members];
}

function explainOption(
  schema: OptionSchema,
  at: { path: string; inherited: unknown; when: string | undefined; required: boolean },
): OptionExplanation[] {
  const value = at.inherited ?? schema.default;
  const group = groupIn(schema);
  if (group !== undefined) return explainGroup(group, { prefix: `${at.path}.`, inherited: value, when: at.when });
  const own: OptionExplanation = {
    path: at.path,
    type: typeInWords(schema),
    required: at.required,
    description: schema.description ?? '',
    ...(value === undefined ? {} : { default: value }),
    ...(at.when === undefined ? {} : { when: at.when }),
  };
  const entry = schema.type === 'array' ? groupIn(knownSchema(schema.items)) : undefined;
  const named = schema.properties === undefined ? groupIn(knownSchema(schema.additionalProperties)) : undefined;
  const inside = entry ?? named;
  if (inside === undefined) return [own];
  const prefix = entry === undefined ? `${at.path}.<name>.` : `${at.path}[].`;
  return [own, ...explainGroup(inside, { prefix, inherited: undefined, when: at.when })];
}

/** The group of options that a schema consists of (a nullable group counts), or undefined for a plain value. */
function groupIn(schema: OptionSchema): OptionSchema | undefined {
  if (schema.properties !== undefined || discriminatorOf(schema) !== undefined) return schema;
  const groups = alternatives(schema).filter(({ properties }) => properties !== undefined);
  return groups.length === 1 ? groups[0] : undefined;
}

function typeInWords(schema: OptionSchema): string {
  const fixed = fixedValues(schema);
  if (fixed !== undefined) return fixed.map(inline).join(' | ');
  const branches = alternatives(schema);
  if (branches.length > 0) return branches.map(typeInWords).join(' | ');
  const types = Array.isArray(schema.type) ? schema.type : [schema.type ?? 'any value'];
  return types.map((type) => plainTypeInWords(type, schema)).join(' | ');
}

function plainTypeInWords(type: string, schema: OptionSchema): string {
  if (type === 'array') {
    const entry = typeInWords(knownSchema(schema.items));
    return `list of ${entry.includes(' | ') ? `(${entry})` : entry}`;
  }
  if (type === 'object') return schema.properties === undefined ? 'named values' : 'group';
  if (type === 'integer' || type === 'number') return `${type}${boundsInWords(schema)}`;
  return type;
}

function boundsInWords(schema: OptionSchema): string {
  const bounds = [
    schema.exclusiveMinimum === undefined ? '' : `> ${schema.exclusiveMinimum}`,
    isSafeBound(schema.minimum) ? `>= ${schema.minimum}` : '',
    schema.exclusiveMaximum === undefined ? '' : `< ${schema.exclusiveMaximum}`,
    isSafeBound(schema.maximum) ? `<= ${schema.maximum}` : '',
  ].filter((bound) => bound !== '');
  return bounds.length === 0 ? '' : ` ${bounds.join(', ')}`;
}

/** Whole numbers carry the limits of exact arithmetic as bounds, which tell a reader nothing. */
function isSafeBound(bound: number | undefined): boolean {
  return bound !== undefined && Math.abs(bound) !== Number.MAX_SAFE_INTEGER;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function inline(value: unknown): string {
  return typeof value === 'string' ? value : stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim();
}
