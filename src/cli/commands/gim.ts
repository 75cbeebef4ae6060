import { type Command, InvalidArgumentError, Option } from 'commander';
import { nameList, wholeNumber } from '../session/options.js';

/** `gim`: models that foretell unseen perturbations, on tables of the user's. */
export function registerGim(program: Command): void {
  const gim = program.command('gim').description('foretell unseen perturbations from their features');
  registerSimulate(gim);
  registerFit(gim);
  tableOptions(
    gim
      .command('predict')
      .description('means, or drawn cells, under the perturbations of a feature table')
      .argument('<model>', 'file that gim fit has written')
      .requiredOption('--features <file>', 'table with one row per perturbation')
      .requiredOption('-o, --out <file>', 'table to write (.csv)')
      .option('--cells <number>', 'draw so many cells of each instead of the mean', wholeNumber)
      .option('--seed <number>', 'names every random stream', seedNumber, 1)
      .addHelpText(
        'after',
        '\nExample:\n  causal-pilot gim predict gim.json --features features.csv --group compound --out predicted.csv',
      ),
  ).action(async (model: string, options) => (await import('./gim-ask.js')).predict(model, options));
  tableOptions(
    gim
      .command('explain')
      .description('edges, targets and dose curves')
      .argument('<model>', 'file that gim fit has written')
      .requiredOption('--features <file>', 'table with one row per perturbation')
      .option('--doses <numbers>', 'comma-separated doses of the curves', doseList)
      .option('--perturbations <names>', 'comma-separated labels, instead of all', nameList)
      .option('--json', 'print everything as JSON')
      .addHelpText(
        'after',
        '\nExample:\n  causal-pilot gim explain gim.json --features features.csv --group compound --doses 0.1,1,10',
      ),
  ).action(async (model: string, options) => (await import('./gim-ask.js')).explain(model, options));
}

function registerSimulate(gim: Command): void {
  gim
    .command('simulate')
    .description('write a simulated screen of compounds as the tables that gim fit reads')
    .requiredOption('--cells <file>', 'table of cells to write (.csv)')
    .requiredOption('--features <file>', 'table of features to write (.csv)')
    .option('--genes <number>', 'variables of the system', wholeNumber, 10)
    .option('--compounds <number>', 'compounds at four doses each', wholeNumber, 24)
    .option('--seed <number>', 'names every random stream', seedNumber, 1)
    .addHelpText('after', '\nExample:\n  causal-pilot gim simulate --cells cells.csv --features features.csv')
    .action(async (options) => (await import('./gim-fit.js')).simulate(options));
}

function registerFit(gim: Command): void {
  tableOptions(
    gim
      .command('fit')
      .description('fit a model to cells (.csv, .tsv, .h5ad) and the features of their perturbations')
      .argument('<cells>', 'table of cells')
      .requiredOption('--features <file>', 'table with one row per perturbation: label and numbers')
      .requiredOption('-o, --out <file>', 'where the model goes (.json)')
      .option('--control <label>', 'label of cells without perturbation', 'control')
      .addOption(
        new Option('--transform <name>', 'of the values; log-normalise is for counts')
          .choices(['none', 'log-normalise'])
          .default('none'),
      )
      .addOption(
        new Option('--mechanisms <name>', 'additive: smooth functions of single parents')
          .choices(['linear', 'additive'])
          .default('linear'),
      )
      .addOption(
        new Option('--hold-out <what>', 'first fit to four fifths and foretell the rest').choices([
          'doses',
          'perturbations',
        ]),
      )
      .option('--variables <number>', 'genes of the model, those that respond most', wholeNumber, 50)
      .option('--seed <number>', 'names every random stream', seedNumber, 1)
      .option('--json', 'print the figures as JSON')
      .addHelpText(
        'after',
        '\nExample:\n  causal-pilot gim fit cells.csv --features features.csv --group compound --dose dose --hold-out perturbations --out gim.json',
      ),
  ).action(async (cells: string, options) => (await import('./gim-fit.js')).fitTables(cells, options));
}

/** Which columns say what, in tables of features and, for the label, of cells. */
function tableOptions(command: Command): Command {
  return command
    .option('--label <column>', 'column that names the perturbation', 'perturbation')
    .option('--group <column>', 'column of the features that names the perturbation without its dose')
    .option('--dose <column>', 'column of the features that is a dose');
}

function seedNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number, 0 or more.');
  return Number(text);
}

function doseList(text: string): number[] {
  const doses = text.split(',').map(Number);
  if (!doses.every((dose) => Number.isFinite(dose) && dose >= 0))
    throw new InvalidArgumentError('It must be numbers of 0 or more, such as 0.1,1,10.');
  return doses;
}
