// What imports what: read from the sources for the test of the architecture and for its picture.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

/** From the ground up: a file may import from its own floor and from those below. */
export const FLOORS = ['core', 'envs', 'models', 'training', 'src'];

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'compiled' ? [] : filesBelow(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

function read(root, path, floor) {
  const text = readFileSync(path, 'utf8');
  const specifiers = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  const inPackage = (file) => relative(root, file).replaceAll('\\', '/');
  return {
    path: inPackage(path),
    text,
    floor,
    local: specifiers
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => inPackage(resolve(dirname(path), specifier.replace(/\.js$/, '.ts')))),
    foreign: specifiers.filter((specifier) => !specifier.startsWith('.')),
  };
}

/** Every TypeScript file of the floors below `root`, sorted by path. */
export function readSources(root) {
  return FLOORS.flatMap((floor, index) => filesBelow(join(root, floor)).map((path) => read(root, path, index))).sort(
    (a, b) => (a.path < b.path ? -1 : 1),
  );
}

/** Number of the floor that a path inside the package is on; -1 for none. */
export function floorOf(path) {
  return FLOORS.indexOf(path.split('/')[0]);
}

/** The imports of groups of files: `groupOf` names the group of a path. Imports inside a group are left out. */
export function groupImports(sources, groupOf) {
  const graph = new Map();
  for (const { path, local } of sources) {
    const from = groupOf(path);
    const targets = graph.get(from) ?? new Set();
    for (const target of local) if (groupOf(target) !== from) targets.add(groupOf(target));
    graph.set(from, targets);
  }
  return graph;
}

/**
 * The rooms of the house: the topmost folders that hold sources themselves. A file that lies on a floor outside of
 * any folder is a room of its own.
 */
export function roomNames(sources) {
  const holding = new Set(sources.map(({ path }) => dirname(path)));
  return (path) => {
    const parts = path.split('/');
    for (let depth = 2; depth < parts.length; depth++) {
      const folder = parts.slice(0, depth).join('/');
      if (holding.has(folder)) return folder;
    }
    return path;
  };
}
