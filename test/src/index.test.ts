import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Types of ours that the public declarations name and a user cannot import: `name <- who names it`. */
function unnamedTypes(): string[] {
  const { config } = ts.readConfigFile(`${root}/tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const program = ts.createProgram([`${root}/src/index.ts`], { ...options, noEmit: true });
  const checker = program.getTypeChecker();
  const original = (symbol: ts.Symbol) =>
    (symbol.flags & ts.SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(symbol) : symbol;
  const index = program.getSourceFile(`${root}/src/index.ts`);
  const module = index && checker.getSymbolAtLocation(index);
  if (module === undefined) throw new Error('src/index.ts has no exports');
  const exported = new Set(checker.getExportsOfModule(module).map(original));
  const found = new Set<string>();
  const visit = (node: ts.Node, owner: string): void => {
    if (isHidden(node)) return;
    if (hasOwnType(node)) {
      if (node.type !== undefined) visit(node.type, owner);
      return;
    }
    if (ts.isTypeReferenceNode(node)) {
      const named = checker.getSymbolAtLocation(node.typeName);
      const symbol = named && original(named);
      const declaration = symbol?.declarations?.[0];
      const isOurs =
        declaration !== undefined &&
        !ts.isTypeParameterDeclaration(declaration) &&
        !declaration.getSourceFile().fileName.includes('node_modules');
      if (symbol !== undefined && isOurs && !exported.has(symbol)) found.add(`${symbol.name} <- ${owner}`);
    }
    ts.forEachChild(node, (child) => visit(child, owner));
  };
  for (const symbol of exported) for (const declaration of symbol.declarations ?? []) visit(declaration, symbol.name);
  return [...found].sort();
}

/** Private members, those marked `@internal`, and bodies, none of which a declaration file has. */
function isHidden(node: ts.Node): boolean {
  if (ts.isBlock(node)) return true;
  if (ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'internal')) return true;
  const name = 'name' in node ? (node.name as ts.Node | undefined) : undefined;
  if (name !== undefined && ts.isPrivateIdentifier(name)) return true;
  return (
    ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword)
  );
}

/** Nodes whose initial value says nothing beside their type. */
function hasOwnType(node: ts.Node): node is ts.VariableDeclaration | ts.ParameterDeclaration | ts.PropertyDeclaration {
  return ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isPropertyDeclaration(node);
}

test('every type that the public API names can be imported from it', () => {
  expect(unnamedTypes()).toEqual([]);
});
