import type { Command } from 'commander';
import { CausalPilotError } from '../../../core/errors.js';
import type { DesignEnvironment } from '../../../envs/design/design-env.js';
import type { EnvironmentFinding } from '../../../envs/design/environment-checker.js';
import { addConfigOptions, type ExperimentOptions, loadExperiment, nameList, wholeNumber } from '../session/options.js';
import { printJson, printLine } from '../session/session.js';

interface CheckOptions extends ExperimentOptions {
  readonly module?: string;
  readonly environments?: string[];
  readonly ood?: boolean;
  readonly episodes: number;
}

interface NamedEnvironment {
  readonly name: string;
  readonly make: () => DesignEnvironment;
}

export function registerEnv(program: Command): void {
  const env = program.command('env').description('work with design environments');
  addConfigOptions(
    env.command('check').description('run the contract of design environments on a configured one or your own'),
  )
    .option('--environments <names>', 'comma-separated settings (default: training)', nameList)
    .option('--ood', 'the training setting and the whole out-of-distribution suite')
    .option('--module <file>', 'your own: a JavaScript module whose default export makes an environment')
    .option('--episodes <number>', 'episodes with random interventions', wholeNumber, 3)
    .option('--json', 'print the findings as JSON')
    .addHelpText(
      'after',
      `
Example:
  causal-pilot env check --preset linear-d10 --ood
  causal-pilot env check --module ./my-environment.js`,
    )
    .action(check);
}

async function check(options: CheckOptions): Promise<void> {
  const { checkEnvironment } = await import('../../../envs/design/environment-checker.js');
  const environments =
    options.module === undefined ? await configuredEnvironments(options) : [await ownEnvironment(options.module)];
  const checked = environments.map(({ name, make }) => ({
    environment: name,
    findings: checkEnvironment(make, { episodes: options.episodes }),
  }));
  if (options.json) printJson(checked);
  else for (const { environment, findings } of checked) printLine(describe(environment, findings));
  const broken = checked.filter(({ findings }) => findings.length > 0);
  if (broken.length > 0)
    throw new CausalPilotError(
      'E_INPUT',
      `${broken.map(({ environment }) => environment).join(', ')}: the environment does not keep its contract`,
    );
}

function describe(environment: string, findings: readonly EnvironmentFinding[]): string {
  if (findings.length === 0) return `${environment}: keeps the contract`;
  return findings.map(({ check: kind, message }) => `${environment}: ${kind}: ${message}`).join('\n');
}

/** Configured environments are checked with a posterior that knows nothing: it is not what is under test. */
async function configuredEnvironments(options: CheckOptions): Promise<NamedEnvironment[]> {
  const config = await loadExperiment(options, 'config');
  const { DesignEnv } = await import('../../../envs/design/design-env.js');
  const { evaluationSettings, IN_DISTRIBUTION, settingNames } = await import('../../evaluation/structure/settings.js');
  const { UniformPosterior } = await import('./uniform-posterior.js');
  const names = options.ood ? settingNames(config.environment.prior.kind) : (options.environments ?? [IN_DISTRIBUTION]);
  return evaluationSettings(config.environment, names).map(({ name, config: setting }) => ({
    name,
    make: () => DesignEnv.fromConfig(setting, new UniformPosterior()),
  }));
}

/** What the module's default export makes. */
async function ownEnvironment(file: string): Promise<NamedEnvironment> {
  const { loadUserModule } = await import('../../../envs/design/user-module.js');
  const { default: make } = await loadUserModule(file);
  if (typeof make !== 'function')
    throw new CausalPilotError('E_INPUT', `${file}: the default export must be a function that makes an environment`);
  return { name: file, make: () => make() as DesignEnvironment };
}
