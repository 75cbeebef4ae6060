import type { TopLevelSpec } from 'vega-lite';

/** What every chart has in common; spread into a Vega-Lite specification. */
export const CHART_FRAME = {
  $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
  background: '#ffffff',
  config: {
    // The tables say the same to those who cannot see the figure; labels on every mark would triple its size.
    aria: false,
    font: 'system-ui, sans-serif',
    axis: { gridColor: '#e6e6e6', domainColor: '#666666', tickColor: '#666666', labelColor: '#333333' },
    view: { stroke: null },
  },
} as const;

/** A standalone SVG document, drawn without a browser. */
export async function drawSvg(spec: TopLevelSpec): Promise<string> {
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')]);
  const view = new vega.View(vega.parse(vegaLite.compile(spec).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

const FIGURE_GAP = 30;

/** All figures below each other in one SVG document. */
export function stackFigures(figures: readonly { readonly svg: string }[]): string {
  let width = 0;
  let height = 0;
  const placed = figures.map(({ svg }) => {
    const size = sizeOf(svg);
    const top = height;
    width = Math.max(width, size.width);
    height += size.height + FIGURE_GAP;
    return svg.replace('<svg ', `<svg y="${top}" `);
  });
  const total = Math.max(0, height - FIGURE_GAP);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${total}" viewBox="0 0 ${width} ${total}"><rect width="100%" height="100%" fill="#ffffff"/>${placed.join('')}</svg>\n`;
}

function sizeOf(svg: string): { width: number; height: number } {
  const [root = ''] = /<svg [^>]*>/.exec(svg) ?? [];
  const attribute = (name: string): number => Number(new RegExp(` ${name}="([0-9.]+)"`).exec(root)?.[1] ?? 0);
  return { width: attribute('width'), height: attribute('height') };
}
