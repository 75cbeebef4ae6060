import type { z } from 'zod';
import type { ConfigNode } from './config-tree.js';
import { nearestName } from './nearest-name.js';

type Issue = z.core.$ZodIssue;

/** One sentence for a value that the schema refuses; `written` is what the user wrote there, if anything. */
export function describeIssue(issue: Issue, written: ConfigNode | undefined): string {
  const option = issue.path.length === 0 ? 'the configuration' : `option '${issue.path.map(String).join('.')}'`;
  const refusesMissing =
    issue.code === 'invalid_type' || issue.code === 'invalid_value' || issue.code === 'invalid_union';
  const demand = demandOf(issue);
  if (written === undefined)
    return refusesMissing && issue.path.length > 0
      ? `${option} is required and ${demand ?? 'has no default'}`
      : `${option} ${demand ?? `is not valid: ${issue.message}`}`;
  const got = `, got ${describeNode(written)}`;
  if (demand === undefined) return `${option} is not valid: ${issue.message}${issue.code === 'custom' ? '' : got}`;
  return `${option} ${demand}${got}${valueHint(issue, written)}`;
}

/** `must be ...`, or undefined where only zod's own message can tell. */
function demandOf(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${describeType(issue.expected)}`;
    case 'invalid_value':
      return `must be ${oneOf(issue.values)}`;
    case 'too_small':
      return boundDemand(issue.origin, issue.inclusive === false ? 'greater than' : 'at least', issue.minimum);
    case 'too_big':
      return boundDemand(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum);
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'invalid_union':
      return unionDemand(issue);
    default:
      return undefined;
  }
}

function unionDemand(issue: Extract<Issue, { code: 'invalid_union' }>): string | undefined {
  if ('options' in issue && Array.isArray(issue.options)) return `must be ${oneOf(issue.options)}`;
  const demands = issue.errors.map((branch) => {
    const own = branch.find(({ path }) => path.length === 0);
    return own === undefined ? undefined : demandOf(own)?.replace('must be ', '');
  });
  return demands.some((demand) => demand === undefined) ? undefined : `must be ${demands.join(' or ')}`;
}

function boundDemand(origin: string, relation: string, bound: number | bigint): string {
  if (origin === 'array' || origin === 'set') return `must have ${relation} ${bound} entries`;
  if (origin === 'string') return `must have ${relation} ${bound} characters`;
  return `must be ${relation} ${bound}`;
}

function oneOf(values: readonly unknown[]): string {
  const quoted = values.map(quote);
  return quoted.length === 1 ? `${quoted[0]}` : `one of ${quoted.join(', ')}`;
}

function valueHint(issue: Issue, written: ConfigNode): string {
  const values =
    issue.code === 'invalid_value'
      ? issue.values
      : issue.code === 'invalid_union' && 'options' in issue && Array.isArray(issue.options)
        ? issue.options
        : [];
  if (written.kind !== 'scalar' || typeof written.value !== 'string') return '';
  const near = nearestName(
    written.value,
    values.filter((value): value is string => typeof value === 'string'),
  );
  return near === undefined ? '' : `; did you mean '${near}'?`;
}

function describeType(expected: string): string {
  const words: Record<string, string> = {
    int: 'a whole number',
    number: 'a number',
    string: 'a text',
    boolean: 'true or false',
    array: 'a list',
    tuple: 'a list',
    object: 'a group of options',
    record: 'a group of options',
    null: 'null',
  };
  return words[expected] ?? expected;
}

function describeNode(node: ConfigNode): string {
  if (node.kind === 'mapping') return 'a group of options';
  if (node.kind === 'list') return 'a list';
  return node.value === null ? 'nothing' : `${typeof node.value === 'string' ? 'the text ' : ''}${quote(node.value)}`;
}

function quote(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}
