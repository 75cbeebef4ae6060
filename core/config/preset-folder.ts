import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CausalPilotError } from '../errors.js';
import type { ConfigSource } from './config-tree.js';
import { type PresetResolver, readConfigFile } from './load-config.js';
import { nearestName } from './nearest-name.js';

/** A folder of `<name>.yaml` presets. */
export interface PresetFolder {
  /** All presets by name, sorted. */
  names(): string[];
  /** @throws CausalPilotError E_CONFIG naming the presets that exist. */
  read(name: string): ConfigSource;
  /** For `loadConfig`: `extends` names a preset of this folder, or a YAML file beside the text that extends it. */
  readonly resolve: PresetResolver;
}

export function presetFolder(folder: string): PresetFolder {
  const names = (): string[] =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.yaml'))
      .map((file) => file.slice(0, -'.yaml'.length))
      .sort();
  const read = (name: string): ConfigSource => {
    const known = names();
    if (known.includes(name)) return readConfigFile(join(folder, `${name}.yaml`));
    const near = nearestName(name, known);
    const hint = near === undefined ? `known presets: ${known.join(', ')}` : `did you mean '${near}'?`;
    throw new CausalPilotError('E_CONFIG', `there is no preset '${name}'; ${hint}`);
  };
  const resolve: PresetResolver = (name, from) =>
    /\.ya?ml$/.test(name) ? readConfigFile(join(dirname(from), name)) : read(name);
  return { names, read, resolve };
}
