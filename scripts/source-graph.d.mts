export interface SourceFile {
  /** Relative to the package, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** Index into `FLOORS`. */
  readonly floor: number;
  /** Files of this package that it imports, by the same kind of path. */
  readonly local: readonly string[];
  /** Other import specifiers. */
  readonly foreign: readonly string[];
}

export const FLOORS: readonly string[];
export function readSources(root: string): SourceFile[];
export function floorOf(path: string): number;
export function groupImports(
  sources: readonly SourceFile[],
  groupOf: (path: string) => string,
): Map<string, Set<string>>;
export function roomNames(sources: readonly SourceFile[]): (path: string) => string;
