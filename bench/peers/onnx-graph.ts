import protobuf from 'protobufjs';

// The part of the ONNX format (IR version 8, opset 17) that a feed-forward float32 graph needs.
const SCHEMA = `
syntax = "proto3";
message Attribute { string name = 1; float f = 2; int64 i = 3; repeated int64 ints = 8; int32 type = 20; }
message Node { repeated string input = 1; repeated string output = 2; string op_type = 4; repeated Attribute attribute = 5; }
message Tensor { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
message Dimension { int64 dim_value = 1; }
message Shape { repeated Dimension dim = 1; }
message TensorType { int32 elem_type = 1; Shape shape = 2; }
message Type { TensorType tensor_type = 1; }
message ValueInfo { string name = 1; Type type = 2; }
message Graph { repeated Node node = 1; string name = 2; repeated Tensor initializer = 5; repeated ValueInfo input = 11; repeated ValueInfo output = 12; }
message OperatorSet { string domain = 1; int64 version = 2; }
message Model { int64 ir_version = 1; Graph graph = 7; repeated OperatorSet opset_import = 8; }
`;
const Model = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('Model');

const FLOAT = 1;
const INT64 = 7;
const ATTRIBUTE_TYPES = { float: 1, int: 2, ints: 7 } as const;

type AttributeValue = { float: number } | { int: number } | { ints: readonly number[] };

/** Builds an ONNX graph node by node; every method returns the name of the value that it adds. */
export class OnnxGraph {
  readonly #nodes: object[] = [];
  readonly #initializers: object[] = [];
  #count = 0;

  float(shape: readonly number[], data: Float32Array): string {
    return this.#initializer(shape, FLOAT, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }

  integers(values: readonly number[]): string {
    const data = BigInt64Array.from(values, BigInt);
    return this.#initializer([values.length], INT64, new Uint8Array(data.buffer));
  }

  node(operator: string, inputs: readonly string[], attributes: Readonly<Record<string, AttributeValue>> = {}): string {
    const output = this.#name();
    const attribute = Object.entries(attributes).map(([name, value]) => {
      if ('float' in value) return { name, f: value.float, type: ATTRIBUTE_TYPES.float };
      if ('int' in value) return { name, i: value.int, type: ATTRIBUTE_TYPES.int };
      return { name, ints: value.ints, type: ATTRIBUTE_TYPES.ints };
    });
    this.#nodes.push({ input: inputs, output: [output], op_type: operator, attribute });
    return output;
  }

  /** The serialised model with one input and one output of the shape given. */
  serialize(input: string, output: string, shape: readonly number[]): Uint8Array {
    const dim = shape.map((size) => ({ dim_value: size }));
    const info = (name: string) => ({ name, type: { tensor_type: { elem_type: FLOAT, shape: { dim } } } });
    const graph = {
      node: this.#nodes,
      name: 'encoder',
      initializer: this.#initializers,
      input: [info(input)],
      output: [info(output)],
    };
    const model = { ir_version: 8, graph, opset_import: [{ domain: '', version: 17 }] };
    return Model.encode(Model.fromObject(model)).finish();
  }

  #name(): string {
    this.#count += 1;
    return `value${this.#count}`;
  }

  #initializer(dims: readonly number[], dataType: number, raw: Uint8Array): string {
    const name = this.#name();
    this.#initializers.push({ name, dims, data_type: dataType, raw_data: raw });
    return name;
  }
}
