/** How a curve or a line looks; its data carries it. */
export interface LineStyle {
  readonly colour: string;
  readonly dash: readonly number[];
  /** Pixels. */
  readonly width: number;
}

/** Looks that the data carries itself: taken as they are, without a scale. */
export const STYLE_CHANNELS = {
  color: { field: 'colour', type: 'nominal', scale: null },
  strokeWidth: { field: 'width', type: 'quantitative', scale: null },
  strokeDash: { field: 'dash', type: 'nominal', scale: null },
} as const;

/** Pixels between the lines of text. */
export const LABEL_SPACING = 14;
const LEADER_LENGTH = 18;

/** A name to the right of a panel. */
export interface SideLabel extends LineStyle {
  readonly text: string;
  /** Pixels from the top, where what it names ends. */
  readonly at: number;
}

/**
 * Vega-Lite layers with names beside the pixel column `start`, moved apart where they would overlap, each tied by a short
 * line to the height where what it names ends.
 */
export function sideLabelLayers(
  labels: readonly SideLabel[],
  { start, height }: { readonly start: number; readonly height: number },
): object[] {
  const sorted = labels.toSorted((a, b) => a.at - b.at);
  const places = spreadLabels(
    sorted.map(({ at }) => at),
    LABEL_SPACING,
    height,
  );
  const data = { values: sorted.map((label, index) => ({ ...label, place: places[index] ?? label.at })) };
  const pixels = (field: string): object => ({ field, type: 'quantitative', scale: null });
  return [
    {
      data,
      mark: { type: 'rule' },
      encoding: {
        x: { value: start + 4 },
        x2: { value: start + 4 + LEADER_LENGTH },
        y: pixels('at'),
        y2: { field: 'place' },
        ...STYLE_CHANNELS,
      },
    },
    {
      data,
      mark: { type: 'text', align: 'left', baseline: 'middle', fontSize: 11, color: '#222222' },
      encoding: {
        x: { value: start + 8 + LEADER_LENGTH },
        y: pixels('place'),
        text: { field: 'text', type: 'nominal' },
      },
    },
  ];
}

/**
 * Places for labels wanted at ascending positions: at least `spacing` apart, within [0, extent] where they fit, and as
 * near as possible to where they were wanted (neighbours that collide share the mean of their wishes).
 */
export function spreadLabels(wanted: readonly number[], spacing: number, extent: number): number[] {
  interface Cluster {
    readonly size: number;
    /** Sum over members of the wish for the first member's place. */
    readonly wishes: number;
  }
  const clusters: Cluster[] = [];
  const place = ({ size, wishes }: Cluster): number =>
    Math.max(0, Math.min(wishes / size, extent - (size - 1) * spacing));
  for (const wish of wanted) {
    let cluster: Cluster = { size: 1, wishes: wish };
    for (let before = clusters.at(-1); before !== undefined; before = clusters.at(-1)) {
      if (place(before) + before.size * spacing <= place(cluster)) break;
      clusters.pop();
      cluster = {
        size: before.size + cluster.size,
        wishes: before.wishes + cluster.wishes - cluster.size * before.size * spacing,
      };
    }
    clusters.push(cluster);
  }
  return clusters.flatMap((cluster) =>
    Array.from({ length: cluster.size }, (_, member) => place(cluster) + member * spacing),
  );
}
