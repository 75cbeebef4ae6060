import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { writeFileAtomic } from '../core/checkpoint/files.js';
import { RandomStream } from '../core/random/stream.js';
import { SergioConfig } from '../envs/sergio/config.js';
import type { GeneNetwork } from '../envs/sergio/gene-network.js';
import { sampleGeneNetwork } from '../envs/sergio/gene-network-prior.js';
import { snapshotPlan } from '../envs/sergio/langevin-plan.js';
import { simulateLangevinReference } from '../envs/sergio/langevin-reference.js';
import { PLATFORM_NAMES } from '../envs/sergio/platforms.js';
import { controlCondition, perturbation, type ScreenCells, simulateScreen } from '../envs/sergio/screen.js';
import { SergioModel } from '../envs/sergio/sergio-model.js';

// Writes a page with pictures of a simulated gene network: `node dist/bench/sergio-gallery.js gallery.html`.

const GENES = 6;
/** A network in which one gene has descendants and others have none. */
const NETWORK_SEED = 4;
const TRAJECTORY_CELLS = 20;
const HISTOGRAM_CELLS = 2000;
const SCREEN_CELLS = 10_000;

const config = SergioConfig.parse({ kind: 'sergio', variables: GENES, graph: { degree: 1 } });
const network = sampleGeneNetwork(config, new RandomStream(`gallery/network/${NETWORK_SEED}`));
const model = new SergioModel(network, config);

type Row = Readonly<Record<string, string | number>>;

/** Concentrations of every gene in cell type 0, wild type and with the most upstream regulator knocked out. */
function trajectoryRows(regulator: number): Row[] {
  return [1, 0].flatMap((factor) => {
    const productionFactors = new Float32Array(GENES).fill(1);
    productionFactors[regulator] = factor;
    const { trajectories } = simulateLangevinReference({
      network,
      plan: snapshotPlan(network, TRAJECTORY_CELLS, config),
      productionFactors,
      halfResponses: model.halfResponses,
      key: Uint32Array.of(1, 2),
    });
    const condition = factor === 1 ? 'wild type' : `${network.geneNames[regulator]} knocked out`;
    return trajectories.flatMap((path, gene) =>
      Array.from({ length: path.length / network.cellTypes }, (_, step) => ({
        gene: network.geneNames[gene]!,
        time: step * config.timeStep,
        concentration: path[step * network.cellTypes]!,
        condition,
      })),
    );
  });
}

/** Counts of all genes on every platform, as shares of equal bins of log10(1 + count). */
function histogramRows(): Row[] {
  const width = 0.1;
  return PLATFORM_NAMES.flatMap((platform) => {
    const cells = measure({ ...config, platform }, HISTOGRAM_CELLS, []);
    const bins = new Map<number, number>();
    for (const count of cells.values) {
      const bin = Math.floor(Math.log10(1 + count) / width);
      bins.set(bin, (bins.get(bin) ?? 0) + 1 / cells.values.length);
    }
    return [...bins].map(([bin, share]) => ({ platform, from: bin * width, to: (bin + 1) * width, share }));
  });
}

/** log2 of each gene's mean under each knockout over its mean without, clean expression. */
function effectRows(): Row[] {
  const cells = measure({ ...config, platform: 'none' }, SCREEN_CELLS, network.geneNames);
  const means = new Map<string, Float64Array>();
  cells.perturbations.forEach((label, cell) => {
    const sums = means.get(label) ?? new Float64Array(GENES);
    for (let gene = 0; gene < GENES; gene++) sums[gene]! += cells.values[cell * GENES + gene]! / SCREEN_CELLS;
    means.set(label, sums);
  });
  const control = means.get('control')!;
  return network.geneNames.flatMap((knockedOut, from) =>
    network.geneNames.map((gene, to) => {
      const change = Math.log2((means.get(knockedOut)![to]! + 0.01) / (control[to]! + 0.01));
      const relation = from === to ? 'itself' : isDescendant(network, from, to) ? 'descendant' : '';
      return { knockedOut, gene, change: Math.max(-3, Math.min(3, change)), relation };
    }),
  );
}

function measure(settings: SergioConfig, cells: number, knockedOut: readonly string[]): ScreenCells {
  const conditions = knockedOut.map((gene) => perturbation(network, { kind: 'knockout', genes: [gene], cells }));
  return simulateScreen(new SergioModel(network, settings), [controlCondition(network, cells), ...conditions], {
    stream: new RandomStream('gallery/cells'),
  });
}

function descendantCount({ size }: GeneNetwork, gene: number): number {
  return Array.from({ length: size }, (_, to) => to).filter((to) => isDescendant(network, gene, to)).length;
}

function isDescendant({ graph, size }: GeneNetwork, from: number, to: number): boolean {
  for (let next = 0; next < size; next++)
    if (graph.hasEdge(from, next) && (next === to || isDescendant(network, next, to))) return true;
  return false;
}

function edgeRows({ graph, strengths, geneNames, size }: GeneNetwork): Row[] {
  return geneNames.flatMap((regulator, from) =>
    geneNames.flatMap((target, to) =>
      graph.hasEdge(from, to) ? [{ regulator, target, strength: strengths[from * size + to]! }] : [],
    ),
  );
}

const order = Array.from(network.graph.topologicalOrder, (gene) => network.geneNames[gene]!);
const schema = 'https://vega.github.io/schema/vega-lite/v6.json';

function matrixSpec(
  rows: readonly Row[],
  fields: { x: string; y: string; colour: string; title: string; domain: [number, number] },
): TopLevelSpec {
  const { x, y, colour, title, domain } = fields;
  const position = {
    x: {
      field: x,
      type: 'nominal' as const,
      scale: { domain: order },
      axis: { orient: 'top' as const, labelAngle: 0 },
    },
    y: {
      field: y,
      type: 'nominal' as const,
      scale: { domain: order },
      title: y.replace(/([A-Z])/g, ' $1').toLowerCase(),
    },
  };
  return {
    $schema: schema,
    data: { values: [...rows] },
    width: 330,
    height: 250,
    encoding: position,
    layer: [
      {
        mark: { type: 'rect', stroke: '#ddd' },
        encoding: {
          color: { field: colour, type: 'quantitative', title, scale: { domain, scheme: 'redblue', reverse: false } },
        },
      },
      {
        mark: { type: 'text', fontSize: 11 },
        encoding: { text: { field: colour, type: 'quantitative', format: '+.1f' } },
      },
      {
        mark: { type: 'rect', fill: null, stroke: '#222', strokeWidth: 2 },
        transform: [{ filter: "datum.relation === 'descendant'" }],
      },
    ],
  };
}

function trajectorySpec(rows: readonly Row[]): TopLevelSpec {
  return {
    $schema: schema,
    data: { values: [...rows] },
    facet: { field: 'gene', type: 'nominal', title: null, sort: order },
    columns: 3,
    spec: {
      width: 280,
      height: 130,
      mark: { type: 'line', strokeWidth: 1 },
      encoding: {
        x: { field: 'time', type: 'quantitative' },
        y: { field: 'concentration', type: 'quantitative' },
        color: { field: 'condition', type: 'nominal', title: null, legend: { orient: 'top' } },
      },
    },
  };
}

function histogramSpec(rows: readonly Row[]): TopLevelSpec {
  return {
    $schema: schema,
    data: { values: [...rows] },
    facet: { field: 'platform', type: 'nominal', title: null, sort: [...PLATFORM_NAMES] },
    columns: 4,
    spec: {
      width: 210,
      height: 140,
      mark: 'bar',
      encoding: {
        x: { field: 'from', type: 'quantitative', bin: { binned: true }, title: 'log10(1 + count)' },
        x2: { field: 'to' },
        y: { field: 'share', type: 'quantitative', title: 'share of entries', axis: { format: '%' } },
      },
    },
  };
}

async function svg(spec: TopLevelSpec): Promise<string> {
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  const text = await view.toSVG();
  view.finalize();
  return text;
}

async function page(): Promise<string> {
  const regulator = network.geneNames
    .map((_, gene) => gene)
    .reduce((best, gene) => (descendantCount(network, gene) > descendantCount(network, best) ? gene : best));
  const name = network.geneNames[regulator]!;
  const sections: [string, string, TopLevelSpec][] = [
    [
      'The network',
      'Interaction strengths, regulators in rows: positive activates, negative represses. Genes in topological order.',
      matrixSpec(edgeRows(network), {
        x: 'target',
        y: 'regulator',
        colour: 'strength',
        title: 'strength',
        domain: [-5, 5],
      }),
    ],
    [
      'Clean trajectories',
      `Concentrations in one cell type, wild type and with ${name} knocked out, on the same random numbers: only its descendants change.`,
      trajectorySpec(trajectoryRows(regulator)),
    ],
    ['Counts', `${HISTOGRAM_CELLS} cells as each platform would measure them.`, histogramSpec(histogramRows())],
    [
      'What a knockout does',
      `log2 of mean clean expression under each knockout (rows) over that without, ${SCREEN_CELLS} cells each; framed: descendants of the gene knocked out.`,
      matrixSpec(effectRows(), {
        x: 'gene',
        y: 'knockedOut',
        colour: 'change',
        title: 'log2 fold change',
        domain: [-3, 3],
      }),
    ],
  ];
  const parts = await Promise.all(
    sections.map(
      async ([title, text, spec]) =>
        `<h2>${title}</h2>\n<p>${text}</p>\n<figure role="img" aria-label="${title}">${await svg(spec)}</figure>`,
    ),
  );
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>A simulated gene network</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff; margin: 2rem auto; max-width: 72rem; padding: 0 1.5rem; }
  h2 { font-size: 1.2rem; margin-top: 2.2rem; }
  figure { margin: 1rem 0; overflow-x: auto; }
</style></head>
<body>
<h1>A simulated gene network</h1>
${parts.join('\n')}
</body>
</html>
`;
}

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: node dist/bench/sergio-gallery.js FILE.html');
  process.exitCode = 2;
} else writeFileAtomic(file, await page());
