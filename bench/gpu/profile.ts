import type { CudaBackend } from '../../core/cuda/backend/cuda-backend.js';
import type { GpuWorkload } from './workloads.js';

/** All launches of one kernel in one run of a workload. */
export interface KernelTime {
  readonly kernel: string;
  readonly launches: number;
  readonly seconds: number;
}

/** Runs the workload once, waiting for every kernel, and adds up their times; the longest first. */
export function profileWorkload(workload: GpuWorkload, backend: CudaBackend): KernelTime[] {
  const { launcher, device } = backend;
  const times = new Map<string, { launches: number; seconds: number }>();
  const launch = launcher.launch.bind(launcher);
  launcher.launch = (name, shape, values) => {
    device.synchronize();
    const begin = performance.now();
    launch(name, shape, values);
    device.synchronize();
    const time = times.get(name) ?? { launches: 0, seconds: 0 };
    times.set(name, { launches: time.launches + 1, seconds: time.seconds + (performance.now() - begin) / 1000 });
  };
  // A captured step runs as written the first time, so the kernels of a fresh workload are launched one by one.
  const work = workload.make();
  try {
    work.run();
  } finally {
    launcher.launch = launch;
    work.dispose();
  }
  return [...times].map(([kernel, time]) => ({ kernel, ...time })).sort((a, b) => b.seconds - a.seconds);
}
