import { compareFolder } from './fixtures/compare-folder.js';
import { reportError } from './session/report-error.js';

/** Exit code 0: everything that is known agrees; 1: something does not; 2: the call cannot be used. */
async function main(args: readonly string[]): Promise<number> {
  const [folder] = args;
  if (folder === undefined || folder.startsWith('-') || args.length !== 1) {
    process.stderr.write('usage: npm run fixtures -- DIR   (a folder with reference files, *.json)\n');
    return 2;
  }
  const { failed } = await compareFolder(folder, (line) => process.stdout.write(`${line}\n`));
  return failed > 0 ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2)).catch(reportError);
