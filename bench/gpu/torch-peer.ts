import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { GpuWorkload } from './workloads.js';

/** The same work in torch on the same card. */
export interface TorchTiming {
  readonly name: string;
  readonly compiled: boolean;
  /** Halved until it fitted the card's memory. */
  readonly batch: number;
  readonly medianSeconds: number;
  readonly peakBytes: number;
  readonly version: string;
}

export interface TorchAbsence {
  readonly name: string;
  readonly compiled: boolean;
  readonly reason: string;
}

const PYTHON = process.env.PYTHON ?? 'python3';
/** Beside this folder, in the bundle too. */
const SCRIPT = fileURLToPath(new URL('../peers/training_torch.py', import.meta.url));

/** Runs the peer in a process of its own, so that its memory is free afterwards; it is ended after `seconds`. */
export function runTorch(
  { name, mode, batch }: GpuWorkload,
  {
    compiled,
    small,
    seconds,
    script = SCRIPT,
  }: { compiled: boolean; small: boolean; seconds: number; script?: string },
): Promise<TorchTiming | TorchAbsence> {
  const request = JSON.stringify({ mode, batch, compiled, small });
  return new Promise((resolve) => {
    const child = spawn(PYTHON, [script, request], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [output, complaints] = ['', ''];
    const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1000);
    const absent = (reason: string) => resolve({ name, compiled, reason });
    child.stdout.on('data', (part) => {
      output += part;
    });
    child.stderr.on('data', (part) => {
      complaints += part;
    });
    child.on('error', (error) => absent(`${PYTHON} cannot be started: ${error.message}`));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code !== 0)
        return absent(
          signal ? `ended after ${seconds} s` : (complaints.trim().split('\n').at(-1) ?? `exit code ${code}`),
        );
      resolve({ name, compiled, ...(JSON.parse(output) as Omit<TorchTiming, 'name' | 'compiled'>) });
    });
  });
}
