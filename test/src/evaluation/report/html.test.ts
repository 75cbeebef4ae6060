import { describe, expect, test } from 'vitest';
import { renderCurves } from '../../../../src/evaluation/report/curves.js';
import { renderHtmlReport } from '../../../../src/evaluation/report/html.js';
import { results, summary } from './rows.js';

describe('HTML report', () => {
  test('is self-contained: curves and tables inline, no script, nothing loaded', async () => {
    const page = renderHtmlReport(summary, { title: 'A <b> & "c"', figures: await renderCurves(results) });
    expect(page).toContain('<title>A &lt;b&gt; &amp; &quot;c&quot;</title>');
    expect(page.match(/<svg/g)).toHaveLength(1);
    expect(page).toContain('<td>19.25 [18.75, 19.75]</td>');
    expect(page).toContain('<td>+0.75 [+0.25, +1.25]</td>');
    expect(page).not.toMatch(/<script|<link|src=|@import|url\(/);
  });
});
