import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { FLOORS, floorOf, groupImports, readSources, roomNames } from '../scripts/source-graph.mjs';

const ROOT = resolve(import.meta.dirname, '..');
const files = readSources(ROOT);

/** The first circle of imports that is found, as a list of files, or undefined. */
function findCycle(graph: ReadonlyMap<string, Iterable<string>>): string[] | undefined {
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
  test('there is something to check on every floor', () => {
    for (const floor of FLOORS.keys())
      expect(files.filter((file) => file.floor === floor).length, FLOORS[floor]).toBeGreaterThan(10);
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

  test('no folders import each other in a circle', () => {
    expect(findCycle(groupImports(files, dirname))).toBeUndefined();
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

describe('docs/architecture.md', () => {
  test('the picture shows the imports of today', () => {
    const drawn = execFileSync(process.execPath, [join(ROOT, 'scripts/draw-architecture.mjs'), '--print']).toString();
    const kept = readFileSync(join(ROOT, 'docs/architecture.svg'), 'utf8');
    expect(drawn === kept, 'rooms or their imports changed: run `npm run architecture` and look at the picture').toBe(
      true,
    );
  });

  test('its arrows are imports, and from them one gets to whatever a room imports', () => {
    const imports = groupImports(files, roomNames(files));
    const svg = readFileSync(join(ROOT, 'docs/architecture.svg'), 'utf8');
    const arrows = new Map([...imports.keys()].map((room) => [room, new Set<string>()]));
    for (const [, from, to] of svg.matchAll(/<title>(\S+) -&gt; (\S+)<\/title>/g))
      arrows.get(from ?? '')?.add(to ?? '');
    const reached = (room: string): Set<string> =>
      new Set([...(arrows.get(room) ?? [])].flatMap((next) => [next, ...reached(next)]));
    for (const [room, targets] of imports) {
      expect([...(arrows.get(room) ?? [])].filter((target) => !targets.has(target))).toEqual([]);
      expect([...targets].filter((target) => !reached(room).has(target))).toEqual([]);
    }
  });

  test('every room has its line, and no line is about a room that is gone', () => {
    const rooms = new Set(files.map(({ path }) => path).map(roomNames(files)));
    const text = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');
    const described = [...text.matchAll(/^\| `([^`]+)` \|/gm)].map(([, room]) => room);
    expect(described.sort()).toEqual([...rooms].sort());
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
