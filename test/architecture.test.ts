import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

/** From the ground up: a file may import from its own floor and from those below. */
const FLOORS = ['core', 'envs', 'models', 'training', 'src'];
const ROOT = resolve(import.meta.dirname, '..');

interface SourceFile {
  /** Relative to the package, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly floor: number;
  /** Files of this package that it imports, by the same kind of path. */
  readonly local: readonly string[];
  /** Other import specifiers. */
  readonly foreign: readonly string[];
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'compiled' ? [] : filesBelow(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

function read(path: string, floor: number): SourceFile {
  const text = readFileSync(path, 'utf8');
  const specifiers = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  const local = specifiers.filter((specifier) => specifier.startsWith('.'));
  return {
    path: relative(ROOT, path).replaceAll('\\', '/'),
    text,
    floor,
    local: local.map((specifier) =>
      relative(ROOT, resolve(dirname(path), specifier.replace(/\.js$/, '.ts'))).replaceAll('\\', '/'),
    ),
    foreign: specifiers.filter((specifier) => !specifier.startsWith('.')),
  };
}

const files = FLOORS.flatMap((floor, index) => filesBelow(join(ROOT, floor)).map((path) => read(path, index)));
const floorOf = (path: string): number => FLOORS.indexOf(path.split('/')[0] ?? '');

/** The first circle of imports that is found, as a list of files, or undefined. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const finished = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (finished.has(path)) return undefined;
    for (const next of graph.get(path) ?? []) {
      const cycle = visit(next, [...trail, path]);
      if (cycle !== undefined) return cycle;
    }
    finished.add(path);
    return undefined;
  };
  for (const path of graph.keys()) {
    const cycle = visit(path, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

/** Where a piece of syntax for which `matches` holds occurs: `file:line`. */
function occurrences(matches: (node: ts.Node) => boolean): string[] {
  return files.flatMap(({ path, text }) => {
    const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      const start = matches(node) ? node.getStart(source) : -1;
      if (start !== -1) found.push(`${path}:${source.getLineAndCharacterOfPosition(start).line + 1}`);
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  });
}

const isNamed = (node: ts.Node, name: string): boolean => ts.isIdentifier(node) && node.text === name;

describe('the five floors', () => {
  test('there is something to check on every floor that exists', () => {
    expect(files.filter(({ floor }) => floor === 0).length).toBeGreaterThan(10);
  });

  test('imports stay on their floor or go down', () => {
    const upward = files.flatMap(({ path, floor, local }) =>
      local
        .filter((target) => floorOf(target) > floor || floorOf(target) === -1)
        .map((target) => `${path} -> ${target}`),
    );
    expect(upward).toEqual([]);
  });

  test('no imports run in a circle', () => {
    expect(findCycle(new Map(files.map(({ path, local }) => [path, local])))).toBeUndefined();
  });

  test('a circle would be found', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', []],
      ['d', ['b']],
    ]);
    expect(findCycle(graph)).toEqual(['b', 'd', 'b']);
  });

  test('every package that is imported is declared', () => {
    const manifest: Record<string, Record<string, string> | undefined> = JSON.parse(
      readFileSync(join(ROOT, 'package.json'), 'utf8'),
    );
    const declared = new Set(
      ['dependencies', 'optionalDependencies', 'peerDependencies'].flatMap((kind) => Object.keys(manifest[kind] ?? {})),
    );
    const packageOf = (specifier: string): string =>
      specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/');
    const undeclared = files.flatMap(({ path, foreign }) =>
      foreign
        .filter((specifier) => !specifier.startsWith('node:') && !declared.has(packageOf(specifier)))
        .map((specifier) => `${path} -> ${specifier}`),
    );
    expect(undeclared).toEqual([]);
  });
});

describe('habits that are checked', () => {
  test('randomness comes from named streams only', () => {
    const isAmbient = (node: ts.Node): boolean =>
      ts.isPropertyAccessExpression(node) && isNamed(node.expression, 'Math') && node.name.text === 'random';
    expect(occurrences(isAmbient)).toEqual([]);
  });

  test('nothing is evaluated', () => {
    const isEvaluation = (node: ts.Node): boolean =>
      (ts.isCallExpression(node) && isNamed(node.expression, 'eval')) ||
      (ts.isNewExpression(node) && isNamed(node.expression, 'Function'));
    expect(occurrences(isEvaluation)).toEqual([]);
  });

  test('there is no drawer for everything, and file names are in kebab-case', () => {
    const vague = files.filter(({ path }) => /(^|\/)(utils?|helpers?|misc|common)(\/|\.ts$)/.test(path));
    expect(vague.map(({ path }) => path)).toEqual([]);
    const named = files.filter(({ path }) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.d)?\.ts$/.test(basename(path)));
    expect(named.map(({ path }) => path)).toEqual([]);
  });
});
