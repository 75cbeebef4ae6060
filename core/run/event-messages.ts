import protobuf from 'protobufjs/light.js';

// The part of TensorBoard's protocol buffers that is written here. Field numbers are those of tensorboard/compat/proto
// (event, summary, tensor) and tensorboard/plugins/hparams (plugin_data), TensorBoard 2.x.

const field = (type: string, id: number): protobuf.IField => ({ type, id });
const repeated = (type: string, id: number): protobuf.IField => ({ type, id, rule: 'repeated' });

const MESSAGES: protobuf.INamespace = {
  nested: {
    Event: {
      oneofs: { what: { oneof: ['fileVersion', 'summary', 'sessionLog'] } },
      fields: {
        wallTime: field('double', 1),
        step: field('int64', 2),
        fileVersion: field('string', 3),
        summary: field('Summary', 5),
        sessionLog: field('SessionLog', 7),
      },
    },
    /** status 1 is START: readers drop earlier events from the event's step on. */
    SessionLog: { fields: { status: field('int32', 1) } },
    Summary: { fields: { value: repeated('SummaryValue', 1) } },
    SummaryValue: {
      oneofs: { value: { oneof: ['simpleValue', 'tensor'] } },
      fields: {
        tag: field('string', 1),
        simpleValue: field('float', 2),
        tensor: field('TensorProto', 8),
        metadata: field('SummaryMetadata', 9),
      },
    },
    /** dataClass 2 is TENSOR. */
    SummaryMetadata: { fields: { pluginData: field('PluginData', 1), dataClass: field('int32', 4) } },
    PluginData: { fields: { pluginName: field('string', 1), content: field('bytes', 2) } },
    /** dtype 1 is float, 7 is string. */
    TensorProto: {
      fields: { dtype: field('int32', 1), tensorShape: field('TensorShape', 2), stringVal: repeated('bytes', 8) },
    },
    TensorShape: { fields: { dim: repeated('Dimension', 2) } },
    Dimension: { fields: { size: field('int64', 1) } },
    HyperparameterData: {
      oneofs: { data: { oneof: ['sessionStartInfo', 'sessionEndInfo'] } },
      fields: {
        version: field('int32', 1),
        sessionStartInfo: field('SessionStartInfo', 3),
        sessionEndInfo: field('SessionEndInfo', 4),
      },
    },
    SessionStartInfo: {
      fields: {
        hparams: { keyType: 'string', type: 'PlainValue', id: 1 } as protobuf.IMapField,
        groupName: field('string', 4),
        startTimeSecs: field('double', 5),
      },
    },
    /** status 1 is SUCCESS, 2 FAILURE. */
    SessionEndInfo: { fields: { status: field('int32', 1), endTimeSecs: field('double', 2) } },
    /** google.protobuf.Value without its lists and structures. */
    PlainValue: {
      oneofs: { kind: { oneof: ['numberValue', 'stringValue', 'boolValue'] } },
      fields: { numberValue: field('double', 2), stringValue: field('string', 3), boolValue: field('bool', 4) },
    },
  },
};

const root = protobuf.Root.fromJSON(MESSAGES);
const eventType = root.lookupType('Event');
const hyperparameterType = root.lookupType('HyperparameterData');

export type EventBody =
  | { readonly fileVersion: string }
  | { readonly sessionLog: { readonly status: number } }
  | { readonly summary: { readonly value: readonly SummaryValue[] } };

export type SummaryValue = { readonly tag: string } & (
  | { readonly simpleValue: number }
  | { readonly tensor: object; readonly metadata: object }
);

export function encodeEvent(wallTime: number, step: number, body: EventBody): Uint8Array {
  return eventType.encode(eventType.fromObject({ wallTime, step, ...body })).finish();
}

/** A text as TensorBoard's text plugin stores it: a string tensor of one element. */
export function textValue(tag: string, text: string): SummaryValue {
  const tensor = { dtype: 7, tensorShape: { dim: [{ size: 1 }] }, stringVal: [Buffer.from(text, 'utf8')] };
  return { tag: `${tag}/text_summary`, tensor, metadata: { pluginData: { pluginName: 'text' }, dataClass: 2 } };
}

/** The hyperparameters plugin keeps its message in the metadata of an empty tensor. */
function hyperparameterValue(tag: string, data: object): SummaryValue {
  const content = hyperparameterType.encode(hyperparameterType.fromObject({ version: 0, ...data })).finish();
  const tensor = { dtype: 1, tensorShape: { dim: [{ size: 0 }] } };
  return { tag, tensor, metadata: { pluginData: { pluginName: 'hparams', content }, dataClass: 2 } };
}

export function sessionStartValue(
  hyperparameters: Readonly<Record<string, string | number | boolean>>,
  at: { readonly groupName: string; readonly startTimeSecs: number },
): SummaryValue {
  const hparams = Object.fromEntries(
    Object.entries(hyperparameters).map(([name, value]) => [
      name,
      typeof value === 'number'
        ? { numberValue: value }
        : typeof value === 'string'
          ? { stringValue: value }
          : { boolValue: value },
    ]),
  );
  return hyperparameterValue('_hparams_/session_start_info', { sessionStartInfo: { hparams, ...at } });
}

export function sessionEndValue(succeeded: boolean, endTimeSecs: number): SummaryValue {
  return hyperparameterValue('_hparams_/session_end_info', {
    sessionEndInfo: { status: succeeded ? 1 : 2, endTimeSecs },
  });
}
