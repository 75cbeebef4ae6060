import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { EventWriter } from '../../core/run/event-writer.js';
import { type InteropResult, missingForPython, runPython } from './python.js';

// Loads the folder as TensorBoard's own back end does, checksums included.
const SCRIPT = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2
run = EventAccumulator(sys.argv[1], purge_orphaned_data=True)
run.Reload()
content = run.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
start = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info
content = run.SummaryMetadata("_hparams_/session_end_info").plugin_data.content
end = plugin_data_pb2.HParamsPluginData.FromString(content).session_end_info
print(json.dumps({
    "loss": [[e.step, e.value] for e in run.Scalars("loss/critic")],
    "text": [t.decode() for e in run.Tensors("remark/text_summary") for t in e.tensor_proto.string_val],
    "rate": start.hparams["training.rate"].number_value,
    "kind": start.hparams["environment.kind"].string_value,
    "flag": start.hparams["training.flag"].bool_value,
    "group": start.group_name,
    "status": end.status,
}))
`;

/** Writes a run that was resumed after step 2 and reads it back with the Python package tensorboard. */
export function checkTensorboard(folder: string): InteropResult {
  const missing = missingForPython(['tensorboard']);
  if (missing !== undefined) return { outcome: 'skipped', details: missing };
  const path = join(folder, 'events');
  const first = new EventWriter(path);
  for (const step of [1, 2, 3, 4]) first.scalars(step, { 'loss/critic': step / 2 });
  first.close();
  const second = new EventWriter(path, { purgeStep: 3 });
  second.hyperparameters({ 'training.rate': 0.125, 'environment.kind': 'linear-scm', 'training.flag': true }, 'group');
  second.scalars(3, { 'loss/critic': 40 });
  second.text(3, 'remark', '**größer**');
  second.sessionEnd(true);
  second.close();
  const expected = {
    loss: [
      [1, 0.5],
      [2, 1],
      [3, 40],
    ],
    text: ['**größer**'],
    rate: 0.125,
    kind: 'linear-scm',
    flag: true,
    group: 'group',
    status: 1,
  };
  const read = runPython(SCRIPT, path);
  return isDeepStrictEqual(read, expected)
    ? { outcome: 'agrees', details: 'scalars with purge, text, hyperparameters, session end' }
    : { outcome: 'differs', details: `TensorBoard reads ${JSON.stringify(read)}` };
}
