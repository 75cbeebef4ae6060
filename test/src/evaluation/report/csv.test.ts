import { describe, expect, test } from 'vitest';
import { differencesToCsv, resultsToCsv } from '../../../../src/evaluation/report/csv.js';
import { differences, results, row } from './rows.js';

describe('CSV', () => {
  test('has one line per row; undefined figures are empty', () => {
    const lines = resultsToCsv(results).trimEnd().split('\n');
    expect(lines[0]).toBe('task,environment,strategy,metric,round,mean,ci95_low,ci95_high,n');
    expect(lines[2]).toBe('structure,training,policy,return,1,19.25,18.75,19.75,20');
    expect(lines[5]).toBe('structure,training,policy,auprc,0,,,,0');
    expect(differencesToCsv(differences).split('\n')[2]).toBe(
      'structure,training,policy,random,return,1,0.75,0.25,1.25,20',
    );
  });

  test('quotes fields that hold separators', () => {
    expect(resultsToCsv([row('a,"b"', 0, 1)]).split('\n')[1]).toContain('structure,training,"a,""b""",return');
  });
});
