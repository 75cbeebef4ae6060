import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Absent, BenchmarkContext, Contender } from '../benchmark.js';
import type { EncoderSizes } from '../encoder-numbers.js';
import { pythonFolder } from './install.js';

const PYTHON = process.env.PYTHON ?? 'python3';

/** torch's own transformer layers of the same sizes, in a process of its own that measures itself. */
export async function torchEncoder(
  sizes: EncoderSizes,
  { mode, context }: { mode: 'forward' | 'gradient'; context: BenchmarkContext },
): Promise<Contender | Absent> {
  const probe = spawnSync(PYTHON, ['-c', 'import torch; print(torch.__version__)'], { encoding: 'utf8' });
  if (probe.status !== 0) return { name: 'torch', absent: `${PYTHON} has no torch; set PYTHON to one that has` };
  const settings = JSON.stringify({ ...sizes, mode, threads: context.threads });
  const child = spawn(PYTHON, [join(pythonFolder, 'encoder_torch.py'), settings], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const run = async () => {
    child.stdin.write('run\n');
    const { value, done } = await lines.next();
    if (done) throw new Error('torch: the process ended early; its message is above');
    const [wallSeconds, cpuSeconds] = value.split(' ').map(Number) as [number, number];
    return { wallSeconds, cpuSeconds };
  };
  return { name: `torch ${probe.stdout.trim()}`, run, dispose: () => void child.stdin.end() };
}
